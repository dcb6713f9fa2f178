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

// What Databricks writes into the group by itself when a workspace is made, and holds there by a policy:
// a deployment that comes later and leaves a rule out is refused as ConflictWithNetworkIntentPolicy.
// Source: Microsoft, "Deploy Azure Databricks in your Azure virtual network", of secure connectivity.
var sparkRules = [
  {
    name: 'worker-to-worker-inbound'
    direction: 'Inbound'
    priority: 100
    protocol: '*'
    to: 'VirtualNetwork'
    ports: ['*']
  }
  {
    name: 'worker-to-databricks-webapp'
    direction: 'Outbound'
    priority: 100
    protocol: 'Tcp'
    to: 'AzureDatabricks'
    ports: ['443', '3306', '8443-8451']
  }
  {
    name: 'worker-to-sql'
    direction: 'Outbound'
    priority: 101
    protocol: 'Tcp'
    to: 'Sql'
    ports: ['3306']
  }
  {
    name: 'worker-to-storage'
    direction: 'Outbound'
    priority: 102
    protocol: 'Tcp'
    to: 'Storage'
    ports: ['443']
  }
  {
    name: 'worker-to-worker-outbound'
    direction: 'Outbound'
    priority: 103
    protocol: '*'
    to: 'VirtualNetwork'
    ports: ['*']
  }
  {
    name: 'worker-to-eventhub'
    direction: 'Outbound'
    priority: 104
    protocol: 'Tcp'
    to: 'EventHub'
    ports: ['9093']
  }
]

resource guard 'Microsoft.Network/networkSecurityGroups@2024-07-01' = {
  name: '${name}-spark'
  location: location
  tags: tags
  properties: {
    securityRules: [for rule in sparkRules: {
      name: 'Microsoft.Databricks-workspaces_UseOnly_databricks-${rule.name}'
      properties: {
        access: 'Allow'
        direction: rule.direction
        priority: rule.priority
        protocol: rule.protocol
        sourceAddressPrefix: 'VirtualNetwork'
        sourcePortRange: '*'
        destinationAddressPrefix: rule.to
        destinationPortRange: length(rule.ports) == 1 ? rule.ports[0] : null
        destinationPortRanges: length(rule.ports) == 1 ? [] : rule.ports
      }
    }]
  }
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
