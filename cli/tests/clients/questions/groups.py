"""RDS: parameter groups, option groups, subnet groups, and what can be ordered."""

from asking import ACCEPTED, REFUSED, question, refusal, shared
from questions.databases import common as instance
from questions.databases import create as create_instance
from questions.databases import describe as describe_instance
from references import Api

NO_GROUP = Api("rds", "DBParameterGroupNotFoundFault", "DBParameterGroupName doesn't refer to an existing DB parameter group.")
GROUP_EXISTS = Api("rds", "DBParameterGroupAlreadyExistsFault", "A DB parameter group with the same name exists.")
IN_USE = Api("rds", "InvalidDBParameterGroupStateFault", "The DB parameter group is in use or is in an invalid state.")
LOWERCASE = Api("rds", "CreateDBParameterGroup", "This value is stored as a lowercase string.")
RESET = Api("rds", "ResetDBParameterGroup", "Modifies the parameters of a DB parameter group to the engine/system default value.")
DYNAMIC = Api("rds", "ModifyDBParameterGroup", "You can use the immediate value with dynamic parameters only.")
TWENTY = Api("rds", "ModifyDBParameterGroup", "A maximum of 20 parameters can be modified in a single request.")
NO_DEFAULT = Api("rds", "DeleteDBParameterGroup", "You can't delete a default DB parameter group")
SOURCE = Api("rds", "DescribeDBParameters", "Valid Values: user | system | engine-default")
OPTION_GROUP_EXISTS = Api("rds", "OptionGroupAlreadyExistsFault", "The option group you are trying to create already exists.")
NO_OPTION_GROUP = Api("rds", "OptionGroupNotFoundFault", "The specified option group could not be found.")
NO_SUBNET_GROUP = Api("rds", "DBSubnetGroupNotFoundFault", "DBSubnetGroupName doesn't refer to an existing DB subnet group.")
SUBNET_GROUP_EXISTS = Api(
    "rds", "DBSubnetGroupAlreadyExistsFault", "DBSubnetGroupName is already used by an existing DB subnet group."
)
TWO_ZONES = Api(
    "rds", "DBSubnetGroupDoesNotCoverEnoughAZs", "Subnets in the DB subnet group should cover at least two Availability Zones"
)
DEFAULT_SUBNETS = Api("rds", "CreateDBSubnetGroup", "Must not be default.")

FAMILY = "postgres16"
CLUSTER_FAMILY = "aurora-postgresql16"


def group(aws, **params):
    """The name of a new parameter group."""
    wanted = {"DBParameterGroupName": aws.new("group"), "DBParameterGroupFamily": FAMILY, "Description": "asked"}
    return aws.rds.CreateDBParameterGroup(**wanted | params)["DBParameterGroup"]["DBParameterGroupName"]


def cluster_group(aws):
    wanted = {"DBClusterParameterGroupName": aws.new("group"), "DBParameterGroupFamily": CLUSTER_FAMILY}
    made = aws.rds.CreateDBClusterParameterGroup(**wanted, Description="asked")
    return made["DBClusterParameterGroup"]["DBClusterParameterGroupName"]


def change(aws, name, parameter="log_statement", value="all", method="immediate"):
    change = {"ParameterName": parameter, "ParameterValue": value, "ApplyMethod": method}
    return aws.rds.ModifyDBParameterGroup(DBParameterGroupName=name, Parameters=[change])


def changed(aws, name):
    """The parameters that differ from their defaults."""
    found = aws.rds.DescribeDBParameters(DBParameterGroupName=name, Source="user")["Parameters"]
    return {parameter["ParameterName"]: parameter["ParameterValue"] for parameter in found}


@question(FAMILY, Api("rds", "CreateDBParameterGroup", "A DB parameter group can be associated with one and only one DB parameter group family"))
def the_family_of_a_parameter_group(aws):
    (found,) = aws.rds.DescribeDBParameterGroups(DBParameterGroupName=group(aws))["DBParameterGroups"]
    return found["DBParameterGroupFamily"]


@question(True, LOWERCASE)
def a_parameter_group_in_upper_case(aws):
    name = aws.new("Upper")
    return group(aws, DBParameterGroupName=name) == name.lower()


@question("DBParameterGroupAlreadyExists", GROUP_EXISTS)
def a_parameter_group_with_the_name_of_another(aws):
    return refusal(lambda: group(aws, DBParameterGroupName=group(aws)))


@question(REFUSED, Api("rds", "CreateDBParameterGroup", "Can't end with a hyphen or contain two consecutive hyphens"))
def a_parameter_group_with_two_hyphens(aws):
    return refusal(lambda: group(aws, DBParameterGroupName="two--hyphens"))


@question("DBParameterGroupNotFound", NO_GROUP)
def describing_a_parameter_group_that_does_not_exist(aws):
    return refusal(aws.rds.DescribeDBParameterGroups, DBParameterGroupName=aws.new("nosuch"))


@question({}, SOURCE)
def the_changed_parameters_of_a_new_group(aws):
    return changed(aws, group(aws))


@question({"log_statement": "all"}, SOURCE)
def the_changed_parameters_after_a_change(aws):
    name = group(aws)
    change(aws, name)
    return changed(aws, name)


@question("DBParameterGroupNotFound", NO_GROUP)
def changing_a_parameter_group_that_does_not_exist(aws):
    return refusal(change, aws=aws, name=aws.new("nosuch"))


@question(REFUSED, DYNAMIC)
def changing_a_static_parameter_at_once(aws):
    return refusal(change, aws=aws, name=group(aws), parameter="max_connections", value="100")


@question(ACCEPTED, DYNAMIC)
def changing_a_static_parameter_with_the_next_reboot(aws):
    return refusal(change, aws=aws, name=group(aws), parameter="max_connections", value="100", method="pending-reboot")


@question(REFUSED, TWENTY)
def changing_21_parameters_at_once(aws):
    parameter = {"ParameterName": "log_statement", "ParameterValue": "all", "ApplyMethod": "immediate"}
    return refusal(aws.rds.ModifyDBParameterGroup, DBParameterGroupName=group(aws), Parameters=[parameter] * 21)


@question({}, RESET)
def the_changed_parameters_after_a_reset(aws):
    name = group(aws)
    change(aws, name)
    aws.rds.ResetDBParameterGroup(DBParameterGroupName=name, ResetAllParameters=True)
    return changed(aws, name)


@question("DBParameterGroupNotFound", NO_GROUP)
def deleting_a_parameter_group_twice(aws):
    name = group(aws)
    aws.rds.DeleteDBParameterGroup(DBParameterGroupName=name)
    return refusal(aws.rds.DeleteDBParameterGroup, DBParameterGroupName=name)


@question(REFUSED, NO_DEFAULT)
def deleting_a_default_parameter_group(aws):
    return refusal(aws.rds.DeleteDBParameterGroup, DBParameterGroupName=f"default.{FAMILY}")


@question("InvalidDBParameterGroupState", IN_USE)
def deleting_a_parameter_group_that_a_database_uses(aws):
    name = group(aws)
    create_instance(aws, EngineVersion="16.4", DBParameterGroupName=name)
    return refusal(aws.rds.DeleteDBParameterGroup, DBParameterGroupName=name)


@question({"log_statement": "all"}, SOURCE)
def the_changed_parameters_of_a_cluster_group(aws):
    name = cluster_group(aws)
    change = {"ParameterName": "log_statement", "ParameterValue": "all", "ApplyMethod": "immediate"}
    aws.rds.ModifyDBClusterParameterGroup(DBClusterParameterGroupName=name, Parameters=[change])
    found = aws.rds.DescribeDBClusterParameters(DBClusterParameterGroupName=name, Source="user")["Parameters"]
    return {parameter["ParameterName"]: parameter["ParameterValue"] for parameter in found}


@question(
    [], Api("rds", "ResetDBClusterParameterGroup", "Modifies the parameters of a DB cluster parameter group to the default value.")
)
def the_changed_parameters_of_a_cluster_group_after_a_reset(aws):
    name = cluster_group(aws)
    change = {"ParameterName": "log_statement", "ParameterValue": "all", "ApplyMethod": "immediate"}
    aws.rds.ModifyDBClusterParameterGroup(DBClusterParameterGroupName=name, Parameters=[change])
    aws.rds.ResetDBClusterParameterGroup(DBClusterParameterGroupName=name, ResetAllParameters=True)
    return aws.rds.DescribeDBClusterParameters(DBClusterParameterGroupName=name, Source="user")["Parameters"]


@question(REFUSED, Api("rds", "DeleteDBClusterParameterGroup", "Must be the name of an existing DB cluster parameter group."))
def deleting_a_cluster_parameter_group_twice(aws):
    name = cluster_group(aws)
    aws.rds.DeleteDBClusterParameterGroup(DBClusterParameterGroupName=name)
    return refusal(aws.rds.DeleteDBClusterParameterGroup, DBClusterParameterGroupName=name)


@question("DBParameterGroupNotFound", NO_GROUP)
def describing_a_cluster_parameter_group_that_does_not_exist(aws):
    return refusal(aws.rds.DescribeDBClusterParameterGroups, DBClusterParameterGroupName=aws.new("nosuch"))


@question(True, Api("rds", "DescribeEngineDefaultParameters", "Returns the default engine and system parameter information"))
def the_default_parameters_of_a_family(aws):
    found = aws.rds.DescribeEngineDefaultParameters(DBParameterGroupFamily=FAMILY)["EngineDefaults"]
    return any(parameter["ParameterName"] == "max_connections" for parameter in found["Parameters"])


# Option groups.


def option_group(aws, **params):
    wanted = {"OptionGroupName": aws.new("options"), "EngineName": "mysql", "MajorEngineVersion": "8.0"}
    return aws.rds.CreateOptionGroup(**wanted | {"OptionGroupDescription": "asked"} | params)["OptionGroup"]


@question("mysql", Api("rds", "OptionGroup", "Indicates the name of the engine that this option group can be applied to."))
def the_engine_of_an_option_group(aws):
    return option_group(aws)["EngineName"]


@question("OptionGroupAlreadyExistsFault", OPTION_GROUP_EXISTS)
def an_option_group_with_the_name_of_another(aws):
    name = option_group(aws)["OptionGroupName"]
    return refusal(lambda: option_group(aws, OptionGroupName=name))


@question("OptionGroupNotFoundFault", NO_OPTION_GROUP)
def changing_an_option_group_that_does_not_exist(aws):
    include = [{"OptionName": "MARIADB_AUDIT_PLUGIN"}]
    return refusal(aws.rds.ModifyOptionGroup, OptionGroupName=aws.new("nosuch"), OptionsToInclude=include)


@question("OptionGroupNotFoundFault", NO_OPTION_GROUP)
def deleting_an_option_group_twice(aws):
    name = option_group(aws)["OptionGroupName"]
    aws.rds.DeleteOptionGroup(OptionGroupName=name)
    return refusal(aws.rds.DeleteOptionGroup, OptionGroupName=name)


@question(REFUSED, Api("rds", "DeleteOptionGroup", "You can't delete default option groups."))
def deleting_a_default_option_group(aws):
    return refusal(aws.rds.DeleteOptionGroup, OptionGroupName="default:mysql-8-0")


# Subnet groups.


@shared
def subnets(aws):
    """The subnets of the default VPC, by zone."""
    found = describe_instance(aws, instance(aws))["DBSubnetGroup"]["Subnets"]
    return {subnet["SubnetAvailabilityZone"]["Name"]: subnet["SubnetIdentifier"] for subnet in found}


def subnet_group(aws, **params):
    wanted = {"DBSubnetGroupName": aws.new("subnets"), "DBSubnetGroupDescription": "asked"}
    wanted |= {"SubnetIds": sorted(subnets(aws).values())}
    return aws.rds.CreateDBSubnetGroup(**wanted | params)["DBSubnetGroup"]


@question(True, Api("rds", "DescribeDBSubnetGroups", "the list will contain only the descriptions of the specified DBSubnetGroup."))
def the_subnets_of_a_subnet_group(aws):
    name = subnet_group(aws)["DBSubnetGroupName"]
    (found,) = aws.rds.DescribeDBSubnetGroups(DBSubnetGroupName=name)["DBSubnetGroups"]
    return {subnet["SubnetIdentifier"] for subnet in found["Subnets"]} == set(subnets(aws).values())


@question(REFUSED, TWO_ZONES)
def a_subnet_group_in_one_zone(aws):
    return refusal(lambda: subnet_group(aws, SubnetIds=sorted(subnets(aws).values())[:1]))


@question(REFUSED, DEFAULT_SUBNETS)
def a_subnet_group_with_the_name_default(aws):
    return refusal(lambda: subnet_group(aws, DBSubnetGroupName="default"))


@question("DBSubnetGroupAlreadyExists", SUBNET_GROUP_EXISTS)
def a_subnet_group_with_the_name_of_another(aws):
    name = subnet_group(aws)["DBSubnetGroupName"]
    return refusal(lambda: subnet_group(aws, DBSubnetGroupName=name))


@question("InvalidSubnet", Api("rds", "InvalidSubnet", "The requested subnet is invalid, or multiple subnets were requested"))
def a_subnet_group_with_a_subnet_that_does_not_exist(aws):
    return refusal(lambda: subnet_group(aws, SubnetIds=["subnet-00000000", *sorted(subnets(aws).values())]))


@question("changed", Api("rds", "ModifyDBSubnetGroup", "The description for the DB subnet group."))
def the_description_of_a_subnet_group_after_a_change(aws):
    change = {"SubnetIds": sorted(subnets(aws).values()), "DBSubnetGroupDescription": "changed"}
    found = aws.rds.ModifyDBSubnetGroup(DBSubnetGroupName=subnet_group(aws)["DBSubnetGroupName"], **change)
    return found["DBSubnetGroup"]["DBSubnetGroupDescription"]


@question("DBSubnetGroupNotFoundFault", NO_SUBNET_GROUP)
def describing_a_subnet_group_that_does_not_exist(aws):
    return refusal(aws.rds.DescribeDBSubnetGroups, DBSubnetGroupName=aws.new("nosuch"))


@question("DBSubnetGroupNotFoundFault", NO_SUBNET_GROUP)
def deleting_a_subnet_group_twice(aws):
    name = subnet_group(aws)["DBSubnetGroupName"]
    aws.rds.DeleteDBSubnetGroup(DBSubnetGroupName=name)
    return refusal(aws.rds.DeleteDBSubnetGroup, DBSubnetGroupName=name)


@question(
    "InvalidDBSubnetGroupStateFault",
    Api("rds", "InvalidDBSubnetGroupStateFault", "The DB subnet group cannot be deleted because it's in use."),
)
def deleting_a_subnet_group_that_a_database_uses(aws):
    name = subnet_group(aws)["DBSubnetGroupName"]
    create_instance(aws, DBSubnetGroupName=name)
    return refusal(aws.rds.DeleteDBSubnetGroup, DBSubnetGroupName=name)


# What can be ordered.


@question({"postgres"}, Api("rds", "DescribeOrderableDBInstanceOptions", "Describes the orderable DB instance options for a specified"))
def the_engines_of_orderable_options(aws):
    found = aws.rds.DescribeOrderableDBInstanceOptions(Engine="postgres")["OrderableDBInstanceOptions"]
    return {option["Engine"] for option in found}


@question({"db.t4g.micro"}, Api("rds", "DescribeOrderableDBInstanceOptions", "for the specified DB instance class."))
def orderable_options_of_one_class(aws):
    found = aws.rds.DescribeOrderableDBInstanceOptions(Engine="postgres", DBInstanceClass="db.t4g.micro")
    return {option["DBInstanceClass"] for option in found["OrderableDBInstanceOptions"]}


@question(1, Api("rds", "DescribeDBEngineVersions", "Specifies whether to return only the default version of the specified engine"))
def the_number_of_default_versions_of_an_engine(aws):
    return len(aws.rds.DescribeDBEngineVersions(Engine="postgres", DefaultOnly=True)["DBEngineVersions"])


@question(FAMILY, Api("rds", "DBEngineVersion", "The name of the DB parameter group family for the database engine."))
def the_parameter_group_family_of_a_version(aws):
    (found,) = aws.rds.DescribeDBEngineVersions(Engine="postgres", EngineVersion="16.4")["DBEngineVersions"]
    return found["DBParameterGroupFamily"]
