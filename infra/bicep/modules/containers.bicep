// Where scorers and retrainings run. The apps in it are made by the functions, one per version.

param name string
param location string
param tags object
param workspaceId string
param subnetId string

var closed = !empty(subnetId)

resource environment 'Microsoft.App/managedEnvironments@2025-01-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    appLogsConfiguration: { destination: 'azure-monitor' }
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
    ]
    vnetConfiguration: closed ? {
      internal: true
      infrastructureSubnetId: subnetId
    } : null
    zoneRedundant: closed
    peerTrafficConfiguration: { encryption: { enabled: true } }
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: environment
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'ContainerAppConsoleLogs'
        enabled: true
      }
      {
        category: 'ContainerAppSystemLogs'
        enabled: true
      }
    ]
  }
}

output name string = environment.name
output domain string = environment.properties.defaultDomain
output address string = environment.properties.staticIp
