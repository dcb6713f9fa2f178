// Spark for the statistics of large days. Clusters are made by each job and end with it.

param name string
param location string
param tags object
param workspaceId string
param networkId string
param functionsPrincipalId string

var closed = !empty(networkId)
var groupId = resourceGroup().id

resource workspace 'Microsoft.Databricks/workspaces@2024-05-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: 'premium' }
  properties: {
    managedResourceGroupId: subscriptionResourceId('Microsoft.Resources/resourceGroups', '${name}-spark')
    publicNetworkAccess: 'Enabled'
    parameters: closed ? {
      enableNoPublicIp: { value: true }
      customVirtualNetworkId: { value: networkId }
      customPublicSubnetName: { value: 'spark-host' }
      customPrivateSubnetName: { value: 'spark-container' }
    } : {
      enableNoPublicIp: { value: true }
    }
  }
}

// No built-in role opens a workspace without opening what is beside it.
resource enter 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(groupId, 'enter-databricks')
  properties: {
    roleName: '${name} enters Databricks (${uniqueString(groupId)})'
    description: 'Read the workspace and enter it as its administrator, to submit jobs.'
    type: 'CustomRole'
    assignableScopes: [groupId]
    permissions: [
      {
        actions: [
          'Microsoft.Databricks/workspaces/read'
          'Microsoft.Databricks/workspaces/assignWorkspaceAdmin/action'
        ]
      }
    ]
  }
}

resource functionsEnter 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(workspace.id, functionsPrincipalId, enter.id)
  scope: workspace
  properties: {
    principalId: functionsPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: enter.id
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: workspace
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'jobs'
        enabled: true
      }
      {
        category: 'clusters'
        enabled: true
      }
    ]
  }
}

output id string = workspace.id
output url string = 'https://${workspace.properties.workspaceUrl}'
