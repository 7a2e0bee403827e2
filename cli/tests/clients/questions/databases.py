"""RDS: DB instances and their settings."""

from asking import REFUSED, question, refusal, shared
from references import Api, Example, Page

NO_INSTANCE = Api("rds", "DBInstanceNotFoundFault", "DBInstanceIdentifier doesn't refer to an existing DB instance.")
IDENTIFIER = Api(
    "rds",
    "CreateDBInstance",
    "Must contain from 1 to 63 letters, numbers, or hyphens. First character must be a letter.",
)
HYPHENS = Api("rds", "CreateDBInstance", "Can't end with a hyphen or contain two consecutive hyphens.")
WINDOW = Api("rds", "CreateDBInstance", "Must be in the format ddd:hh24:mi-ddd:hh24:mi.")
BACKUPS = Api("rds", "CreateDBInstance", "Default: 1 Constraints: Must be a value from 0 to 35.")
STORAGE_TYPE = Api("rds", "CreateDBInstance", "Default: io1, if the Iops parameter is specified. Otherwise, gp3.")
STORAGE = Api(
    "rds", "CreateDBInstance", "General Purpose (SSD) storage (gp2, gp3): Must be an integer from 20 to 65536."
)
PASSWORD = Api("rds", "CreateDBInstance", "RDS for PostgreSQL - Must contain from 8 to 128 characters.")
PAGES = Api("rds", "DescribeDBInstances", "Default: 100 Constraints: Minimum 20, maximum 100.")
CREATED = "rds/create-db-instance"

INSTANCE = {
    "Engine": "postgres",
    "DBInstanceClass": "db.t4g.micro",
    "AllocatedStorage": 20,
    "MasterUsername": "draco",
    "MasterUserPassword": "simulated",
    "BackupRetentionPeriod": 0,
}


def create(aws, *without, **params):
    """Creates an instance. Parameters can be changed or left out."""
    wanted = {"DBInstanceIdentifier": aws.new("instance")} | INSTANCE | params
    wanted = {name: value for name, value in wanted.items() if name not in without and value is not None}
    return aws.rds.CreateDBInstance(**wanted)["DBInstance"]


def instance(aws, **params):
    """The identifier of a new instance that is available."""
    name = create(aws, **params)["DBInstanceIdentifier"]
    aws.wait("rds", "db_instance_available", DBInstanceIdentifier=name)
    return name


@shared
def common(aws):
    """An instance that stays as it is."""
    return instance(aws)


def describe(aws, name):
    (found,) = aws.rds.DescribeDBInstances(DBInstanceIdentifier=name)["DBInstances"]
    return found


def refused(aws, *without, **params):
    return refusal(lambda: create(aws, *without, **params))


@question("creating", Example(CREATED, '"DBInstanceStatus": "creating"'))
def the_status_of_a_new_instance(aws):
    return create(aws)["DBInstanceStatus"]


@question(True, Api("rds", "CreateDBInstance", "This parameter is stored as a lowercase string."))
def an_identifier_in_upper_case(aws):
    name = aws.new("Upper")
    return create(aws, DBInstanceIdentifier=name)["DBInstanceIdentifier"] == name.lower()


@question(True, Api("rds", "DescribeDBInstances", "This parameter isn't case-sensitive."))
def describing_an_instance_in_upper_case(aws):
    return describe(aws, common(aws).upper())["DBInstanceIdentifier"] == common(aws)


@question(
    True, Api("rds", "DescribeDBInstances", "The user-supplied instance identifier or the Amazon Resource Name (ARN)")
)
def describing_an_instance_by_its_arn(aws):
    return describe(aws, describe(aws, common(aws))["DBInstanceArn"])["DBInstanceIdentifier"] == common(aws)


@question("DBInstanceNotFound", NO_INSTANCE)
def describing_an_instance_that_does_not_exist(aws):
    return refusal(describe, aws=aws, name="none-of-this-name")


@question("DBInstanceNotFound", NO_INSTANCE)
def describing_an_instance_by_the_arn_of_another_region(aws):
    arn = describe(aws, common(aws))["DBInstanceArn"].replace("eu-west-1", "us-east-1")
    return refusal(describe, aws=aws, name=arn)


@question(
    "DBInstanceAlreadyExists",
    Api("rds", "DBInstanceAlreadyExistsFault", "The user already has a DB instance with the given"),
)
def an_instance_that_exists(aws):
    return refused(aws, DBInstanceIdentifier=common(aws))


@question(REFUSED, IDENTIFIER)
def an_identifier_that_begins_with_a_digit(aws):
    return refused(aws, DBInstanceIdentifier="1st")


@question(REFUSED, IDENTIFIER)
def an_identifier_of_64_characters(aws):
    return refused(aws, DBInstanceIdentifier="i" * 64)


@question(REFUSED, IDENTIFIER)
def an_identifier_with_an_underscore(aws):
    return refused(aws, DBInstanceIdentifier="a_b")


@question(REFUSED, HYPHENS)
def an_identifier_with_two_hyphens(aws):
    return refused(aws, DBInstanceIdentifier="a--b")


@question(REFUSED, HYPHENS)
def an_identifier_that_ends_with_a_hyphen(aws):
    return refused(aws, DBInstanceIdentifier="a-")


@question(REFUSED, Api("rds", "CreateDBInstance", "The database engine to use for this DB instance."))
def an_engine_that_does_not_exist(aws):
    return refused(aws, Engine="dbase")


@question(
    "MissingParameter",
    Page(
        "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/CommonErrors.html",
        "MissingParameter: A required parameter for the specified action is not supplied.",
    ),
)
def an_instance_without_a_class(aws):
    return refused(aws, "DBInstanceClass")


@question(REFUSED, Api("rds", "CreateDBInstance", "This setting is required for RDS DB instances."))
def an_instance_without_a_master_user(aws):
    return refused(aws, "MasterUsername")


@question(
    REFUSED,
    Api(
        "rds", "CreateDBInstance", "Must be 1 to 16 letters, numbers, or underscores. First character must be a letter."
    ),
)
def a_master_user_that_begins_with_a_digit(aws):
    return refused(aws, MasterUsername="1draco")


@question(REFUSED, PASSWORD)
def a_password_of_7_characters(aws):
    return refused(aws, MasterUserPassword="seven77")


@question(REFUSED, Api("rds", "CreateDBInstance", 'Can include any printable ASCII character except "/"'))
def a_password_with_a_slash(aws):
    return refused(aws, MasterUserPassword="simu/lated")


@question(REFUSED, STORAGE)
def storage_of_19_gib(aws):
    return refused(aws, AllocatedStorage=19)


@question(REFUSED, STORAGE)
def storage_of_65537_gib(aws):
    return refused(aws, AllocatedStorage=65537)


@question("gp3", STORAGE_TYPE)
def the_storage_type_by_default(aws):
    return create(aws)["StorageType"]


@question(("io1", 3000), STORAGE_TYPE)
def the_storage_type_by_default_with_iops(aws):
    found = create(aws, AllocatedStorage=100, Iops=3000)
    return found["StorageType"], found["Iops"]


@question(REFUSED, Api("rds", "CreateDBInstance", "Valid Values: gp2 | gp3 | io1 | io2 | standard"))
def a_storage_type_that_does_not_exist(aws):
    return refused(aws, StorageType="floppy")


@question(1, BACKUPS)
def the_retention_period_by_default(aws):
    return create(aws, "BackupRetentionPeriod")["BackupRetentionPeriod"]


@question(REFUSED, BACKUPS)
def a_retention_period_of_36_days(aws):
    return refused(aws, BackupRetentionPeriod=36)


@question("04:00-04:30", Api("rds", "DBInstance", "The daily time range during which automated backups are created"))
def a_backup_window(aws):
    return create(aws, PreferredBackupWindow="04:00-04:30")["PreferredBackupWindow"]


@question(REFUSED, Api("rds", "CreateDBInstance", "Must be in the format hh24:mi-hh24:mi."))
def a_backup_window_in_another_format(aws):
    return refused(aws, PreferredBackupWindow="4am")


@question(
    REFUSED,
    Api(
        "rds",
        "CreateDBInstance",
        "Must not conflict with the preferred maintenance window. Must be at least 30 minutes.",
    ),
)
def a_backup_window_of_29_minutes(aws):
    return refused(aws, PreferredBackupWindow="04:00-04:29")


@question(
    "sun:05:00-sun:06:00", Api("rds", "DBInstance", "The weekly time range during which system maintenance can occur")
)
def a_maintenance_window(aws):
    return create(aws, PreferredMaintenanceWindow="sun:05:00-sun:06:00")["PreferredMaintenanceWindow"]


@question(REFUSED, WINDOW)
def a_maintenance_window_without_days(aws):
    return refused(aws, PreferredMaintenanceWindow="05:00-06:00")


@question(REFUSED, Api("rds", "CreateDBInstance", "The day values must be mon | tue | wed | thu | fri | sat | sun."))
def a_maintenance_window_with_a_wrong_day(aws):
    return refused(aws, PreferredMaintenanceWindow="day:05:00-day:06:00")


@question(
    REFUSED,
    Api("rds", "CreateDBInstance", "Must not conflict with the preferred backup window. Must be at least 30 minutes."),
)
def a_maintenance_window_of_29_minutes(aws):
    return refused(aws, PreferredMaintenanceWindow="sun:05:00-sun:05:29")


@question(REFUSED, Api("rds", "CreateDBInstance", "Must not conflict with the preferred backup window."))
def a_maintenance_window_within_the_backup_window(aws):
    windows = {"PreferredBackupWindow": "05:00-06:00", "PreferredMaintenanceWindow": "sun:05:15-sun:05:45"}
    return refused(aws, **windows)


@question(REFUSED, Api("rds", "CreateDBInstance", "Must not conflict with the preferred backup window."))
def a_maintenance_window_into_the_backup_window_past_midnight(aws):
    windows = {"PreferredBackupWindow": "00:00-00:30", "PreferredMaintenanceWindow": "sat:23:45-sun:00:15"}
    return refused(aws, **windows)


@question(
    (True, True),
    Api("rds", "DBInstance", "Indicates whether the DB instance is a Multi-AZ deployment."),
    Api(
        "rds",
        "DBInstance",
        "specifies the name of the secondary Availability Zone for a DB instance with multi-AZ support",
    ),
)
def an_instance_in_two_zones(aws):
    found = describe(aws, instance(aws, MultiAZ=True))
    return found["MultiAZ"], found["SecondaryAvailabilityZone"] != found["AvailabilityZone"]


@question(REFUSED, Api("rds", "CreateDBInstance", "can't be specified if the DB instance is a Multi-AZ deployment"))
def a_zone_for_an_instance_in_two_zones(aws):
    return refused(aws, MultiAZ=True, AvailabilityZone="eu-west-1a")


@question(
    "eu-west-1c", Api("rds", "CreateDBInstance", "The Availability Zone (AZ) where the database will be created.")
)
def a_zone(aws):
    return describe(aws, instance(aws, AvailabilityZone="eu-west-1c"))["AvailabilityZone"]


@question(
    REFUSED, Api("rds", "CreateDBInstance", "must be in the same Amazon Web Services Region as the current endpoint")
)
def a_zone_of_another_region(aws):
    return refused(aws, AvailabilityZone="us-east-1a")


@question(True, Api("rds", "CreateDBInstance", "Specifies whether to enable mapping of Amazon Web Services Identity"))
def an_instance_with_iam_authentication(aws):
    return create(aws, EnableIAMDatabaseAuthentication=True)["IAMDatabaseAuthenticationEnabled"]


@question(
    (False, False, False),
    Example(CREATED, '"IAMDatabaseAuthenticationEnabled": false'),
    Example(CREATED, '"MultiAZ": false'),
    Example(CREATED, '"DeletionProtection": false'),
)
def settings_that_are_off_by_default(aws):
    found = create(aws)
    return found["IAMDatabaseAuthenticationEnabled"], found["MultiAZ"], found["DeletionProtection"]


@question(False, Api("rds", "CreateDBInstance", "By default, tags are not copied."))
def tags_are_copied_to_snapshots_by_default(aws):
    return create(aws)["CopyTagsToSnapshot"]


@question("postgresql-license", Api("rds", "CreateDBInstance", "RDS for PostgreSQL - postgresql-license"))
def the_license_of_postgresql(aws):
    return create(aws)["LicenseModel"]


@question("general-public-license", Api("rds", "CreateDBInstance", "RDS for MySQL - general-public-license"))
def the_license_of_mysql(aws):
    return create(aws, Engine="mysql")["LicenseModel"]


@question(5432, Api("rds", "CreateDBInstance", "RDS for PostgreSQL - 5432"))
def the_port_of_postgresql(aws):
    return describe(aws, common(aws))["Endpoint"]["Port"]


@question(3306, Api("rds", "CreateDBInstance", "RDS for MariaDB - 3306"))
def the_port_of_mariadb(aws):
    return describe(aws, instance(aws, Engine="mariadb"))["Endpoint"]["Port"]


@question(REFUSED, Api("rds", "CreateDBInstance", "Valid Values: 1150-65535"))
def a_port_of_1149(aws):
    return refused(aws, Port=1149)


@question({"team": "shop"}, Api("rds", "CreateDBInstance", "Tags to assign to the DB instance."))
def tags_of_an_instance(aws):
    return {tag["Key"]: tag["Value"] for tag in create(aws, Tags=[{"Key": "team", "Value": "shop"}])["TagList"]}


@question(True, Api("rds", "CreateDBInstance", "then Amazon RDS uses your default KMS key"))
def the_key_of_an_encrypted_instance_by_default(aws):
    found = create(aws, StorageEncrypted=True)["KmsKeyId"]
    return aws.kms.DescribeKey(KeyId="alias/aws/rds")["KeyMetadata"]["Arn"] == found


@question(False, Api("rds", "DBInstance", "If StorageEncrypted is enabled, the Amazon Web Services KMS key identifier"))
def an_unencrypted_instance_has_a_key(aws):
    return "KmsKeyId" in create(aws)


@question(
    "KMSKeyNotAccessibleFault",
    Api("rds", "KMSKeyNotAccessibleFault", "An error occurred accessing an Amazon Web Services KMS key."),
)
def a_key_that_does_not_exist(aws):
    return refused(aws, StorageEncrypted=True, KmsKeyId="00000000-0000-4000-8000-000000000000")


@question(REFUSED, PAGES)
def a_page_of_19_instances(aws):
    return refusal(aws.rds.DescribeDBInstances, MaxRecords=19)


@question(REFUSED, PAGES)
def a_page_of_101_instances(aws):
    return refusal(aws.rds.DescribeDBInstances, MaxRecords=101)


@question(
    "OptionGroupNotFoundFault",
    Api("rds", "OptionGroupNotFoundFault", "The specified option group could not be found."),
)
def an_option_group_that_does_not_exist(aws):
    return refusal(aws.rds.DescribeOptionGroups, OptionGroupName="none-of-this-name")
