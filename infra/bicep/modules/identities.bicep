// Who acts: the functions, and the containers that they start. What each may is in roles.bicep.

param name string
param location string
param tags object

resource functions 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${name}-functions'
  location: location
  tags: tags
}

resource container 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${name}-container'
  location: location
  tags: tags
}

output functionsName string = functions.name
output functionsId string = functions.id
output functionsClientId string = functions.properties.clientId
output functionsPrincipalId string = functions.properties.principalId
output containerName string = container.name
output containerClientId string = container.properties.clientId
