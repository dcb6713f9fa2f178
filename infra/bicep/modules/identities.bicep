// Who acts: the functions, the containers that they start for packages, and the platform's own jobs. What each may is in roles.bicep.

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

// Packages' code never runs as it: a comparison asks scorers as the gateway does, by its secret.
resource jobs 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${name}-jobs'
  location: location
  tags: tags
}

output functionsName string = functions.name
output functionsId string = functions.id
output functionsClientId string = functions.properties.clientId
output functionsPrincipalId string = functions.properties.principalId
output containerName string = container.name
output containerClientId string = container.properties.clientId
output jobsName string = jobs.name
output jobsClientId string = jobs.properties.clientId
