// The network of a closed installation. Service endpoints cost nothing and need no names of their own;
// the NAT gateway is there because Databricks' nodes have no public address.

param name string
param location string
param tags object
param databricks bool

var endpoints = [
  { service: 'Microsoft.Storage' }
  { service: 'Microsoft.KeyVault' }
  { service: 'Microsoft.Sql' }
]
var environmentDelegation = [
  {
    name: 'environment'
    properties: { serviceName: 'Microsoft.App/environments' }
  }
]
var sparkDelegation = [
  {
    name: 'spark'
    properties: { serviceName: 'Microsoft.Databricks/workspaces' }
  }
]

resource guard 'Microsoft.Network/networkSecurityGroups@2024-07-01' = {
  name: '${name}-spark'
  location: location
  tags: tags
}

resource address 'Microsoft.Network/publicIPAddresses@2024-07-01' = if (databricks) {
  name: '${name}-spark'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { publicIPAllocationMethod: 'Static' }
}

resource gateway 'Microsoft.Network/natGateways@2024-07-01' = if (databricks) {
  name: '${name}-spark'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: {
    publicIpAddresses: [
      { id: address.id }
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2024-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['10.20.0.0/16'] }
    subnets: [
      {
        name: 'functions'
        properties: {
          addressPrefix: '10.20.0.0/24'
          delegations: environmentDelegation
          serviceEndpoints: endpoints
        }
      }
      {
        name: 'containers'
        properties: {
          addressPrefix: '10.20.2.0/23'
          delegations: environmentDelegation
          serviceEndpoints: endpoints
        }
      }
      {
        name: 'spark-host'
        properties: {
          addressPrefix: '10.20.4.0/24'
          delegations: sparkDelegation
          serviceEndpoints: endpoints
          networkSecurityGroup: { id: guard.id }
          natGateway: databricks ? { id: gateway.id } : null
        }
      }
      {
        name: 'spark-container'
        properties: {
          addressPrefix: '10.20.5.0/24'
          delegations: sparkDelegation
          serviceEndpoints: endpoints
          networkSecurityGroup: { id: guard.id }
          natGateway: databricks ? { id: gateway.id } : null
        }
      }
    ]
  }
}

output networkId string = network.id
output functionsSubnetId string = '${network.id}/subnets/functions'
output containersSubnetId string = '${network.id}/subnets/containers'
output callerSubnetIds array = [
  '${network.id}/subnets/functions'
  '${network.id}/subnets/containers'
  '${network.id}/subnets/spark-host'
  '${network.id}/subnets/spark-container'
]
