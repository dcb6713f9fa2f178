// One installation of ScienceOps in one resource group. Each module is one part of it.

@description('Stage of this installation, such as dev or prod: part of every name.')
@minLength(2)
@maxLength(8)
param stage string

@description('Region of everything.')
param location string = resourceGroup().location

@description('Object id of the Entra user or group that administers: SQL, packages, the owner\'s token.')
param administratorId string

@description('Name of that user or group, as Entra shows it.')
param administratorName string

@description('User or Group: what the administrator is.')
@allowed(['User', 'Group'])
param administratorKind string = 'User'

@description('Whether storage, secrets, SQL and scorers are closed to the internet, by a network of our own.')
param privateNetwork bool = true

@description('IPv4 addresses of people who upload packages or query SQL from outside that network.')
param allowedAddresses array = []

@description('Size of the database: Basic keeps 2 GB of statistics, the others 250 GB.')
@allowed(['Basic', 'S0', 'S1', 'S2', 'S3'])
param databaseSize string = 'Basic'

@description('Whether statistics of large days run on Databricks; without it every day runs in a container job.')
param databricks bool = true

@description('Where the deployment puts the wheel of jobs: in files of the Databricks workspace, or in a volume.')
param databricksWheel string = '/Workspace/Shared/scienceops/scienceops-0.1.0-py3-none-any.whl'

@description('Cluster policy of the statistics, once it is made.')
param databricksPolicy string = ''

@description('Object id of the service principal that a cluster acts as; empty: there is none yet.')
param sparkPrincipalId string = ''

@description('Image, by digest, of statistics that need no Spark. The deployment has it built, and says which it is.')
param jobImage string = ''

@description('Address that alerts of the platform are mailed to; empty: alerts are shown in the portal alone.')
param alertEmail string = ''

@description('Days that logs and traces are kept.')
@minValue(30)
@maxValue(730)
param logDays int = 30

@description('Days after which captures move to cool storage.')
@minValue(1)
param coolAfterDays int = 30

@description('Least seconds between two statistics runs that the clock starts.')
@minValue(60)
param statisticsSeconds int = 3600

@description('Most instances of the functions at once.')
@minValue(40)
@maxValue(1000)
param mostInstances int = 40

@description('Memory of one function instance, in MB.')
@allowed([512, 2048, 4096])
param instanceMemory int = 2048

var name = 'scienceops-${stage}'
var suffix = uniqueString(resourceGroup().id)
var tags = {
  application: 'scienceops'
  stage: stage
}
// What `make destroy-azure` leaves behind is told by this tag.
var dataTags = union(tags, { holds: 'data' })

module identities 'modules/identities.bicep' = {
  name: 'identities'
  params: {
    name: name
    location: location
    // Captures are shipped and SQL users are named by them: they outlive what uses them.
    tags: dataTags
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  params: {
    name: name
    location: location
    tags: tags
    databricks: databricks
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    name: name
    location: location
    tags: tags
    logDays: logDays
    alertEmail: alertEmail
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    name: take('scops${stage}${suffix}', 24)
    location: location
    tags: dataTags
    workspaceId: monitoring.outputs.workspaceId
    closed: privateNetwork
    subnetIds: privateNetwork ? network.outputs.callerSubnetIds : []
    allowedAddresses: allowedAddresses
    coolAfterDays: coolAfterDays
  }
}

module events 'modules/events.bicep' = {
  name: 'events'
  params: {
    name: '${name}-blobs'
    location: location
    tags: tags
    storageName: storage.outputs.name
    containerName: storage.outputs.containerName
    workspaceId: monitoring.outputs.workspaceId
  }
}

module registry 'modules/registry.bicep' = {
  name: 'registry'
  params: {
    name: 'scienceops${stage}${suffix}'
    location: location
    tags: dataTags
    workspaceId: monitoring.outputs.workspaceId
  }
}

module containers 'modules/containers.bicep' = {
  name: 'containers'
  params: {
    name: '${name}-scorers'
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    subnetId: privateNetwork ? network.outputs.containersSubnetId : ''
  }
}

module names 'modules/names.bicep' = if (privateNetwork) {
  name: 'names'
  params: {
    zone: containers.outputs.domain
    address: containers.outputs.address
    networkId: network.outputs.networkId
    tags: tags
  }
}

module sql 'modules/sql.bicep' = {
  name: 'sql'
  params: {
    name: '${name}-${suffix}'
    location: location
    tags: dataTags
    workspaceId: monitoring.outputs.workspaceId
    administratorId: administratorId
    administratorName: administratorName
    size: databaseSize
    administratorKind: administratorKind
    closed: privateNetwork
    subnetIds: privateNetwork ? network.outputs.callerSubnetIds : []
    allowedAddresses: allowedAddresses
  }
}

module spark 'modules/databricks.bicep' = if (databricks) {
  name: 'spark'
  params: {
    name: name
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    networkId: privateNetwork ? network.outputs.networkId : ''
    functionsPrincipalId: identities.outputs.functionsPrincipalId
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  params: {
    name: take('scops-${stage}-${suffix}', 24)
    location: location
    tags: dataTags
    workspaceId: monitoring.outputs.workspaceId
    closed: privateNetwork
    subnetIds: privateNetwork ? network.outputs.callerSubnetIds : []
    allowedAddresses: allowedAddresses
  }
}

module roles 'modules/roles.bicep' = {
  name: 'roles'
  params: {
    storageName: storage.outputs.name
    containerName: storage.outputs.containerName
    registryName: registry.outputs.name
    vaultName: vault.outputs.name
    insightsName: monitoring.outputs.insightsName
    functionsName: identities.outputs.functionsName
    containerIdentityName: identities.outputs.containerName
    jobIdentityName: identities.outputs.jobsName
    administratorId: administratorId
    administratorKind: administratorKind
    sparkPrincipalId: sparkPrincipalId
  }
}

module functions 'modules/functions.bicep' = {
  name: 'functions'
  // A host that cannot read its own package yet would start over and over.
  dependsOn: [
    roles
  ]
  params: {
    name: '${name}-${suffix}'
    stage: stage
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    insightsConnection: monitoring.outputs.insightsConnection
    storageName: storage.outputs.name
    containerName: storage.outputs.containerName
    packageContainerName: storage.outputs.packageContainerName
    registryServer: registry.outputs.server
    environmentName: containers.outputs.name
    vaultName: vault.outputs.name
    sqlServer: sql.outputs.server
    sqlDatabase: sql.outputs.database
    databricksHost: databricks ? spark.outputs.url : ''
    databricksId: databricks ? spark.outputs.id : ''
    databricksWheel: databricksWheel
    databricksPolicy: databricksPolicy
    jobImage: jobImage
    functionsId: identities.outputs.functionsId
    functionsClientId: identities.outputs.functionsClientId
    containerIdentityName: identities.outputs.containerName
    containerIdentityClientId: identities.outputs.containerClientId
    jobIdentityName: identities.outputs.jobsName
    jobIdentityClientId: identities.outputs.jobsClientId
    subnetId: privateNetwork ? network.outputs.functionsSubnetId : ''
    statisticsSeconds: statisticsSeconds
    mostInstances: mostInstances
    instanceMemory: instanceMemory
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    name: name
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    actionGroupId: monitoring.outputs.actionGroupId
  }
}

@description('Where the gateway, the pages and the API answer.')
output url string = functions.outputs.url

@description('Name of the function app, which the package is published to.')
output functionsName string = functions.outputs.name

@description('Registry that images are built in.')
output registryServer string = registry.outputs.server

@description('Databricks workspace, which the wheel is uploaded to; empty if there is none.')
output databricksUrl string = databricks ? spark.outputs.url : ''

@description('Its resource id, by which an owner of it is let in who was never there.')
output databricksId string = databricks ? spark.outputs.id : ''

@description('Where in it the wheel goes.')
output databricksWheel string = databricksWheel

@description('Storage account that packages are uploaded to.')
output storageName string = storage.outputs.name

@description('Address of the SQL server, which the identities are let into after the deployment.')
output sqlServer string = sql.outputs.server

@description('Database of the statistics.')
output sqlDatabase string = sql.outputs.database

@description('Identity of the functions, as SQL knows it: name.')
output functionsIdentityName string = identities.outputs.functionsName

@description('Identity of the functions: client id.')
output functionsClientId string = identities.outputs.functionsClientId

@description('Identity of the platform\'s own jobs, as SQL knows it: name.')
output jobIdentityName string = identities.outputs.jobsName

@description('Identity of the platform\'s own jobs: client id.')
output jobIdentityClientId string = identities.outputs.jobsClientId
