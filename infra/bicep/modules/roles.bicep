// Who may do what, and no more. tests/bicep/needs.py says which call of which adapter each one is for.

param storageName string
param containerName string
param registryName string
param vaultName string
param insightsName string
param functionsName string
param containerIdentityName string
param jobIdentityName string
param sparkPrincipalId string
param administratorId string
param administratorKind string

var role = loadJsonContent('../roles.json')
var groupId = resourceGroup().id

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageName
}

resource bucket 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = {
  name: '${storageName}/default/${containerName}'
}

resource uploads 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' existing = {
  name: '${storageName}/default/uploads'
}

resource captured 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' existing = {
  name: '${storageName}/default/captured'
}

resource table 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-01-01' existing = {
  name: '${storageName}/default/registry'
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' existing = {
  name: registryName
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: vaultName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource functions 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: functionsName
}

resource container 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: containerIdentityName
}

resource jobs 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: jobIdentityName
}

// The functions: the bucket, the host's own locks and package, queues, registry.
resource functionsStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for id in [
  role.storageBlobDataOwner
  role.storageQueueDataContributor
  role.storageTableDataContributor
]: {
  name: guid(account.id, functions.id, id)
  scope: account
  properties: {
    principalId: functions.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', id)
  }
}]

resource functionsRegistry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, functions.id, role.acrPush)
  scope: registry
  properties: {
    principalId: functions.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.acrPush)
  }
}

// The built-in roles for these calls may also delete the environment, read apps' secrets and more.
resource work 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(groupId, 'work')
  properties: {
    roleName: 'ScienceOps builds, deploys and runs jobs (${uniqueString(groupId)})'
    description: 'Build images, and make, follow and delete container apps and jobs in their environment.'
    type: 'CustomRole'
    assignableScopes: [groupId]
    permissions: [
      {
        actions: [
          'Microsoft.ContainerRegistry/registries/read'
          'Microsoft.ContainerRegistry/registries/listBuildSourceUploadUrl/action'
          'Microsoft.ContainerRegistry/registries/scheduleRun/action'
          'Microsoft.ContainerRegistry/registries/runs/read'
          'Microsoft.ContainerRegistry/registries/runs/listLogSasUrl/action'
          'Microsoft.App/managedEnvironments/read'
          'Microsoft.App/managedEnvironments/join/action'
          'Microsoft.App/containerApps/read'
          'Microsoft.App/containerApps/write'
          'Microsoft.App/containerApps/delete'
          'Microsoft.App/containerApps/getAuthToken/action'
          'Microsoft.App/containerApps/revisions/read'
          'Microsoft.App/containerApps/revisions/replicas/read'
          'Microsoft.App/jobs/read'
          'Microsoft.App/jobs/write'
          'Microsoft.App/jobs/delete'
          'Microsoft.App/jobs/start/action'
          'Microsoft.App/jobs/stop/execution/action'
          'Microsoft.App/jobs/getAuthToken/action'
          'Microsoft.App/jobs/execution/read'
          'Microsoft.App/jobs/executions/read'
        ]
        dataActions: [
          'Microsoft.App/containerApps/logstream/action'
          'Microsoft.App/jobs/logstream/action'
        ]
      }
    ]
  }
}

resource functionsWork 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(groupId, functions.id, work.id)
  properties: {
    principalId: functions.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: work.id
  }
}

// Scorers and trainings run as this identity: the functions may hand out it, and that of own jobs.
resource functionsContainers 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(container.id, functions.id, role.managedIdentityOperator)
  scope: container
  properties: {
    principalId: functions.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.managedIdentityOperator)
  }
}

resource functionsVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, functions.id, role.keyVaultSecretsOfficer)
  scope: vault
  properties: {
    principalId: functions.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.keyVaultSecretsOfficer)
  }
}

resource functionsTraces 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, functions.id, role.monitoringMetricsPublisher)
  scope: insights
  properties: {
    principalId: functions.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.monitoringMetricsPublisher)
  }
}

resource containerTraces 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, container.id, role.monitoringMetricsPublisher)
  scope: insights
  properties: {
    principalId: container.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.monitoringMetricsPublisher)
  }
}

// A scorer ships captures, a job leaves statistics' records, training sets and new packages. What was
// registered, under versions/, is not theirs to change, and nothing is theirs to delete.
resource containerBucket 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(bucket.id, container.id, role.storageBlobDataContributor)
  scope: bucket
  properties: {
    principalId: container.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.storageBlobDataContributor)
    conditionVersion: '2.0'
    condition: loadTextContent('../container-writes.txt')
  }
}

// What is put again, if absent, is announced again: its first writer may have died before it could.
resource containerUploads 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(uploads.id, container.id, role.storageQueueDataMessageSender)
  scope: uploads
  properties: {
    principalId: container.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.storageQueueDataMessageSender)
  }
}

resource containerCaptured 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(captured.id, container.id, role.storageQueueDataMessageSender)
  scope: captured
  properties: {
    principalId: container.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.storageQueueDataMessageSender)
  }
}

resource containerRegistry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, container.id, role.acrPull)
  scope: registry
  properties: {
    principalId: container.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.acrPull)
  }
}

// The platform's own jobs leave what containers leave. A comparison asks both versions as the gateway
// does: where they answer stands in the registry, and their keys come from the gateway's secret.
resource jobsBucket 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(bucket.id, jobs.id, role.storageBlobDataContributor)
  scope: bucket
  properties: {
    principalId: jobs.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.storageBlobDataContributor)
    conditionVersion: '2.0'
    condition: loadTextContent('../container-writes.txt')
  }
}

resource jobsTable 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(table.id, jobs.id, role.storageTableDataReader)
  scope: table
  properties: {
    principalId: jobs.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.storageTableDataReader)
  }
}

resource jobsVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, jobs.id, role.keyVaultSecretsUser)
  scope: vault
  properties: {
    principalId: jobs.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.keyVaultSecretsUser)
  }
}

resource jobsRegistry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, jobs.id, role.acrPull)
  scope: registry
  properties: {
    principalId: jobs.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.acrPull)
  }
}

resource functionsJobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(jobs.id, functions.id, role.managedIdentityOperator)
  scope: jobs
  properties: {
    principalId: functions.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.managedIdentityOperator)
  }
}

// A cluster has no managed identity: its policy names a service principal, which does what a job does.
resource sparkBucket 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(sparkPrincipalId)) {
  name: guid(bucket.id, sparkPrincipalId, role.storageBlobDataContributor)
  scope: bucket
  properties: {
    principalId: sparkPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.storageBlobDataContributor)
    conditionVersion: '2.0'
    condition: loadTextContent('../container-writes.txt')
  }
}

// People: packages are put into the bucket by hand, and the owner's token is read once.
resource administratorBucket 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(bucket.id, administratorId, role.storageBlobDataContributor)
  scope: bucket
  properties: {
    principalId: administratorId
    principalType: administratorKind
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.storageBlobDataContributor)
  }
}

resource administratorVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, administratorId, role.keyVaultSecretsUser)
  scope: vault
  properties: {
    principalId: administratorId
    principalType: administratorKind
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.keyVaultSecretsUser)
  }
}
