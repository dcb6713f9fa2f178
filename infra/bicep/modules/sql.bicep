// The statistics' database, opened by Entra identities alone. Serverless would not sleep, for the clock
// asks each minute whether a rule fires; a small fixed size then costs a tenth of it.

param name string
param location string
param tags object
param workspaceId string
param administratorId string
param administratorName string
param administratorKind string
param size string
param closed bool
param subnetIds array
param allowedAddresses array

var basic = size == 'Basic'

resource server 'Microsoft.Sql/servers@2023-08-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    minimalTlsVersion: '1.2'
    // Reached by the rules below; without any rule it lets nobody in.
    publicNetworkAccess: 'Enabled'
    administrators: {
      administratorType: 'ActiveDirectory'
      azureADOnlyAuthentication: true
      principalType: administratorKind
      login: administratorName
      sid: administratorId
      tenantId: subscription().tenantId
    }
  }
}

resource database 'Microsoft.Sql/servers/databases@2023-08-01' = {
  parent: server
  name: 'statistics'
  location: location
  tags: tags
  sku: {
    name: size
    tier: basic ? 'Basic' : 'Standard'
  }
  properties: {
    maxSizeBytes: basic ? 2147483648 : 268435456000
    requestedBackupStorageRedundancy: 'Local'
  }
}

resource subnets 'Microsoft.Sql/servers/virtualNetworkRules@2023-08-01' = [for (id, index) in subnetIds: {
  parent: server
  name: 'subnet-${index}'
  properties: { virtualNetworkSubnetId: id }
}]

resource people 'Microsoft.Sql/servers/firewallRules@2023-08-01' = [for (address, index) in allowedAddresses: {
  parent: server
  name: 'person-${index}'
  properties: {
    startIpAddress: address
    endIpAddress: address
  }
}]

// An installation without a network of its own calls from addresses that Azure shares out.
resource azure 'Microsoft.Sql/servers/firewallRules@2023-08-01' = if (!closed) {
  parent: server
  name: 'AllowAllWindowsAzureIps'
  properties: {
    startIpAddress: '0.0.0.0'
    endIpAddress: '0.0.0.0'
  }
}

resource audit 'Microsoft.Sql/servers/auditingSettings@2023-08-01' = {
  parent: server
  name: 'default'
  properties: {
    state: 'Enabled'
    isAzureMonitorTargetEnabled: true
    retentionDays: 0
  }
}

// What the audit of a server tells comes from its own database, and from no other.
resource master 'Microsoft.Sql/servers/databases@2023-08-01' existing = {
  parent: server
  name: 'master'
}

resource audited 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: master
  dependsOn: [
    database
  ]
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'SQLSecurityAuditEvents'
        enabled: true
      }
    ]
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: database
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'Errors'
        enabled: true
      }
      {
        category: 'Deadlocks'
        enabled: true
      }
    ]
  }
}

output server string = server.properties.fullyQualifiedDomainName
output database string = database.name
