"""What checkov would have otherwise, and why it is as it is: a reason for each."""

_CLOSED = "closed where privateNetwork is set, which it is unless a stage says otherwise"
_REACHED = "reached by rules for our subnets; a private endpoint would add 7 USD a month each"
_NO_SITE = "about a web site's own files; Flex Consumption has none, and logs go to Insights"
_AUDIT = "wants resources of Azure's first audit; it goes to the workspace, see `audit` there"

ACCEPTED = {
    ("CKV_AZURE_35", "storageAccounts.account"): _CLOSED,
    ("CKV_AZURE_59", "storageAccounts.account"): _REACHED,
    ("CKV_AZURE_206", "storageAccounts.account"): "kept in three zones; another country's copy is "
    "for whoever owns the data to decide",
    ("CKV_AZURE_113", "servers.server"): _REACHED,
    ("CKV_AZURE_23", "servers.server"): _AUDIT,
    ("CKV_AZURE_24", "servers.server"): _AUDIT,
    ("CKV_AZURE_25", "servers.server"): "Defender is bought for a subscription, not by one of its "
    "applications",
    ("CKV_AZURE_23", "servers/databases.database"): _AUDIT,
    ("CKV_AZURE_25", "servers/databases.database"): "Defender, as for its server",
    ("CKV_AZURE_23", "servers/databases.master"): _AUDIT,
    ("CKV_AZURE_25", "servers/databases.master"): "Defender, as for its server",
    ("CKV_AZURE_26", "servers/databases.database"): "Defender, as for its server",
    ("CKV_AZURE_27", "servers/databases.database"): "Defender, as for its server",
    ("CKV_AZURE_229", "servers/databases.database"): "statistics can be computed again from the "
    "captures, which are kept in three zones",
    ("CKV2_AZURE_48", "workspaces.workspace"): "the jobs keep nothing in the workspace",
    ("CKV_AZURE_158", "workspaces.workspace"): "people watch jobs from outside; nodes have no "
    "public address",
    ("CKV_AZURE_166", "registries.registry"): "quarantine is for images of strangers; ours go by "
    "digest, and need the Premium tier for it",
    ("CKV_AZURE_139", "registries.registry"): "closing it needs Premium at ten times the price; "
    "keys and anonymous pulls are off",
    ("CKV_AZURE_109", "vaults.vault"): _CLOSED,
    ("CKV_AZURE_225", "serverfarms.plan"): "wants instances that always run; queues keep what "
    "comes while a zone is down",
    ("CKV_AZURE_222", "sites.app"): "the gateway is for callers anywhere, who bring a key",
    ("CKV_AZURE_222", "sites/config.settings"): "the same site",
    ("CKV_AZURE_17", "sites.app"): "callers bring API keys, not certificates",
    ("CKV_AZURE_13", "sites/config.settings"): "the app checks keys and sessions itself",
    ("CKV_AZURE_212", "sites.app"): "scales from nothing, which costs nothing",
    ("CKV_AZURE_213", "sites.app"): "Flex Consumption looks after its instances itself",
    ("CKV_AZURE_63", "sites/config.settings"): _NO_SITE,
    ("CKV_AZURE_65", "sites/config.settings"): _NO_SITE,
    ("CKV_AZURE_66", "sites/config.settings"): _NO_SITE,
    ("CKV_AZURE_80", "sites/config.settings"): "about .NET",
    ("CKV_AZURE_88", "sites/config.settings"): _NO_SITE,
}
