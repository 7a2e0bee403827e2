"""The reasons for which sim leaves out members of AWS's responses. Each is outside of what sim simulates."""

from references import NotSimulated, Undecided

NETWORKS = NotSimulated("Of networks, sim has VPCs, subnets and security groups: no domains, no hosted zones, no VPCs of snapshots.")
RESTORING = Undecided("AWS's texts do not state when a new database has its first restorable time. Here, it needs a backup.")
REPLICAS = NotSimulated("Sim has no read replicas, no clones and no global clusters.")
MONITORING = NotSimulated(
    "Sim has no enhanced monitoring, no Performance Insights, no log exports and no activity streams."
)
MAINTENANCE = NotSimulated("Sim does not maintain databases: no upgrades, certificates or extended support.")
ACCESS = NotSimulated("Sim runs no databases, so it has no roles, HTTP endpoints or readers of them.")
HARDWARE = NotSimulated("Sim has no processors, no Outposts and no throughput of volumes.")
ENGINES = NotSimulated("Sim runs no databases: no transactions, backtracking, or scaling of serverless clusters.")
BACKUP_EVENTS = NotSimulated(
    "Sim reports a backup as an event of the snapshot, and not as an event of its database too."
)
DELIVERY = NotSimulated("Sim does not deliver to HTTP endpoints, so it has no policies for retries there.")
MODES = Undecided("AWS's texts have two defaults for Database Insights, and none for clusters. Sim monitors nothing.")
KEY_MATERIAL = NotSimulated("Sim encrypts nothing, so keys have no material.")
