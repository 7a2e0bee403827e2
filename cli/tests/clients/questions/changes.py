"""RDS: modifications of databases."""

from asking import ACCEPTED, REFUSED, question, refusal, shared
from questions.databases import common, describe, instance
from references import Api

WINDOW = Api(
    "rds", "ModifyDBInstance", "If this parameter is disabled, changes to the DB instance are applied during the next maintenance"
)
PENDING = Api("rds", "ModifyDBInstance", "the MasterUserPassword element exists in the PendingModifiedValues element")
RENAME = Api("rds", "ModifyDBInstance", "an instance reboot occurs immediately if you enable ApplyImmediately")
MANAGED = Api("rds", "ModifyDBInstance", "you can turn on this management. In this case, you can't specify MasterUserPassword.")
SWITCHED_OFF = Api("rds", "ModifyDBInstance", "is not managed with Amazon Web Services Secrets Manager, then you must specify")


def modify(aws, name, **params):
    return aws.rds.ModifyDBInstance(DBInstanceIdentifier=name, **params)["DBInstance"]


@shared
def changing(aws):
    """An instance with changes that wait for its maintenance window, which is far away."""
    name = instance(aws, PreferredMaintenanceWindow="sat:03:00-sat:03:30")
    modify(aws, name, DBInstanceClass="db.t4g.large", ApplyImmediately=False)
    return name


@question("db.t4g.large", WINDOW)
def a_class_that_waits_for_the_maintenance_window(aws):
    return describe(aws, changing(aws))["PendingModifiedValues"]["DBInstanceClass"]


@question("db.t4g.micro", WINDOW)
def the_class_before_the_maintenance_window(aws):
    return describe(aws, changing(aws))["DBInstanceClass"]


@question(True, PENDING)
def a_new_password_that_is_not_yet_set(aws):
    made = modify(aws, instance(aws), MasterUserPassword="other-password", ApplyImmediately=True)
    return "MasterUserPassword" in made["PendingModifiedValues"]


@question(True, RENAME)
def a_new_identifier_that_is_pending(aws):
    name = aws.new("renamed")
    made = modify(aws, instance(aws), NewDBInstanceIdentifier=name, ApplyImmediately=True)
    return made["PendingModifiedValues"]["DBInstanceIdentifier"] == name


@question(True, RENAME)
def the_resource_identifier_after_a_rename(aws):
    name, new = instance(aws), aws.new("renamed")
    before = describe(aws, name)["DbiResourceId"]
    modify(aws, name, NewDBInstanceIdentifier=new, ApplyImmediately=True)
    for _ in range(200):
        if refusal(describe, aws=aws, name=new) == ACCEPTED:
            break
    aws.wait("rds", "db_instance_available", DBInstanceIdentifier=new)
    return describe(aws, new)["DbiResourceId"] == before


@question(
    "DBInstanceAlreadyExists",
    Api("rds", "DBInstanceAlreadyExistsFault", "The user already has a DB instance with the given identifier."),
)
def renaming_an_instance_to_the_name_of_another(aws):
    return refusal(
        modify, aws=aws, name=instance(aws), NewDBInstanceIdentifier=common(aws), ApplyImmediately=True
    )


@question(REFUSED, Api("rds", "ModifyDBInstance", "Can't end with a hyphen or contain two consecutive hyphens."))
def renaming_an_instance_to_a_name_with_two_hyphens(aws):
    return refusal(modify, aws=aws, name=common(aws), NewDBInstanceIdentifier="two--hyphens", ApplyImmediately=True)


@question("active", MANAGED)
def the_status_of_a_secret_after_management_was_turned_on(aws):
    name = instance(aws)
    modify(aws, name, ManageMasterUserPassword=True, ApplyImmediately=True)
    for _ in range(200):
        secret = describe(aws, name).get("MasterUserSecret", {})
        if secret.get("SecretStatus") == "active":
            break
    return secret.get("SecretStatus")


@question(REFUSED, MANAGED)
def turning_management_on_with_a_password(aws):
    both = {"ManageMasterUserPassword": True, "MasterUserPassword": "other-password"}
    return refusal(modify, aws=aws, name=common(aws), ApplyImmediately=True, **both)


@question(REFUSED, SWITCHED_OFF)
def turning_management_off_without_a_password(aws):
    name = instance(aws, ManageMasterUserPassword=True, MasterUserPassword=None)
    return refusal(modify, aws=aws, name=name, ManageMasterUserPassword=False, ApplyImmediately=True)


@question(REFUSED, Api("rds", "ModifyDBInstance", "You must apply the change immediately when rotating the master user password."))
def rotating_a_password_in_the_maintenance_window(aws):
    name = instance(aws, ManageMasterUserPassword=True, MasterUserPassword=None)
    return refusal(modify, aws=aws, name=name, RotateMasterUserPassword=True, ApplyImmediately=False)
