// The names of the scorers inside the network, where their environment has no public address.

param zone string
param address string
param networkId string
param tags object

resource names 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: zone
  location: 'global'
  tags: tags
}

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = {
  parent: names
  name: 'network'
  location: 'global'
  tags: tags
  properties: {
    registrationEnabled: false
    virtualNetwork: { id: networkId }
  }
}

resource every 'Microsoft.Network/privateDnsZones/A@2024-06-01' = {
  parent: names
  name: '*'
  properties: {
    ttl: 300
    aRecords: [
      { ipv4Address: address }
    ]
  }
}
