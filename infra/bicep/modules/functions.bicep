// The functions, on Flex Consumption: nothing runs, and nothing is paid, while nobody asks.

param name string
param stage string
param location string
param tags object
param workspaceId string
param insightsConnection string
param storageName string
param containerName string
param packageContainerName string
param registryServer string
param environmentName string
param vaultName string
param sqlServer string
param sqlDatabase string
param databricksHost string
param databricksId string
param databricksWheel string
param databricksPolicy string
param jobImage string
param functionsId string
param functionsClientId string
param containerIdentityName string
param containerIdentityClientId string
param jobIdentityName string
param jobIdentityClientId string
param subnetId string
param statisticsSeconds int
param mostInstances int
param instanceMemory int

var url = 'https://${name}.azurewebsites.net'
// Calls that one instance answers at a time: as Azure gives each size in every language but Python,
// where it would be one, so that 40 instances were 40 calls. The gateway waits for scorers, mostly.
var callsAtOnce = instanceMemory / 128

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageName
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${functionsId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    // The gateway is for callers anywhere; what is behind it is not.
    publicNetworkAccess: 'Enabled'
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${account.properties.primaryEndpoints.blob}${packageContainerName}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: functionsId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.11'
      }
      scaleAndConcurrency: {
        maximumInstanceCount: mostInstances
        instanceMemoryMB: instanceMemory
        triggers: {
          http: { perInstanceConcurrency: callsAtOnce }
        }
      }
    }
  }
}

resource settings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: app
  name: 'appsettings'
  properties: {
    // The host's own storage, and the triggers': by identity, without a key.
    AzureWebJobsStorage__accountName: storageName
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: functionsClientId
    APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnection
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${functionsClientId};Authorization=AAD'
    // The worker sends its own lines and calls, under the trace that the host has begun.
    PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY: 'true'
    PYTHON_APPLICATIONINSIGHTS_LOGGER_NAME: 'scienceops'
    OTEL_PYTHON_DISABLED_INSTRUMENTATIONS: 'django,fastapi,flask,httpx,psycopg2'
    // Each call has a thread, of which the worker starts five by itself on one processor.
    PYTHON_THREADPOOL_THREAD_COUNT: string(callsAtOnce)
    // The host has a page of its own for `/`, where ours are.
    AzureWebJobsDisableHomepage: 'true'
    SCIENCEOPS_CLOUD: 'azure'
    SCIENCEOPS_ENVIRONMENT: stage
    SCIENCEOPS_HOME: '/tmp/scienceops'
    // A door has 0.8 GB for files, whatever its memory, and each package lies there while it is read.
    SCIENCEOPS_UPLOAD_LIMIT_BYTES: '536870912'
    // Docker's own images, from a registry that does not count how often ACR Tasks ask.
    SCIENCEOPS_BASE_IMAGE: 'public.ecr.aws/docker/library/python:{python}-slim'
    // An image is pulled and a scorer started within this time.
    SCIENCEOPS_PROOF_SECONDS: '600'
    // A scorer that comes up from nothing takes half a minute or more, while the ingress keeps the call.
    // Azure ends a call of the functions after 230 s.
    SCIENCEOPS_REPLY_SECONDS: '200'
    // Calls that were routed a moment ago reach their scorer before it is told to end.
    SCIENCEOPS_DRAIN_SECONDS: '30'
    SCIENCEOPS_PUBLIC_URL: url
    // Each run starts containers or a cluster.
    SCIENCEOPS_STATISTICS_SECONDS: string(statisticsSeconds)
    SCIENCEOPS_IMAGES: '${registryServer}/scienceops'
    SCIENCEOPS_AZURE_STORAGE_ACCOUNT: storageName
    SCIENCEOPS_AZURE_CONTAINER: containerName
    SCIENCEOPS_AZURE_IDENTITY: functionsClientId
    SCIENCEOPS_AZURE_KEY_VAULT: vaultName
    SCIENCEOPS_AZURE_SQL_SERVER: sqlServer
    SCIENCEOPS_AZURE_SQL_DATABASE: sqlDatabase
    SCIENCEOPS_AZURE_SUBSCRIPTION: subscription().subscriptionId
    SCIENCEOPS_AZURE_RESOURCE_GROUP: resourceGroup().name
    SCIENCEOPS_AZURE_LOCATION: location
    SCIENCEOPS_AZURE_APP_ENVIRONMENT: environmentName
    SCIENCEOPS_AZURE_CONTAINER_IDENTITY: containerIdentityName
    SCIENCEOPS_AZURE_CONTAINER_IDENTITY_CLIENT: containerIdentityClientId
    SCIENCEOPS_AZURE_JOB_IDENTITY: jobIdentityName
    SCIENCEOPS_AZURE_JOB_IDENTITY_CLIENT: jobIdentityClientId
    // To a container app, "internal" means other apps of its environment. Where the environment is
    // closed, "external" is its network, which the functions are in.
    SCIENCEOPS_AZURE_SCORER_INGRESS: 'external'
    SCIENCEOPS_AZURE_INSIGHTS: insightsConnection
    SCIENCEOPS_AZURE_JOB_IMAGE: jobImage
    SCIENCEOPS_AZURE_DATABRICKS_HOST: databricksHost
    SCIENCEOPS_AZURE_DATABRICKS_ID: databricksId
    SCIENCEOPS_AZURE_DATABRICKS_WHEEL: databricksWheel
    SCIENCEOPS_AZURE_DATABRICKS_POLICY: databricksPolicy
  }
}

// Packages are published by whoever signed in with Entra ID, not by a password of the app's.
resource noPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = [for kind in ['ftp', 'scm']: {
  parent: app
  name: kind
  properties: { allow: false }
}]

resource metrics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: app
  properties: {
    workspaceId: workspaceId
    // What functions log is in Application Insights already.
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

output name string = app.name
output url string = url
