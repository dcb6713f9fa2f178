// A stage to try things in: no network of its own, so that it costs next to nothing at rest.
using './main.bicep'

param stage = 'dev'
param privateNetwork = false
param databricks = false
param administratorId = readEnvironmentVariable('ADMINISTRATOR_ID')
param administratorName = readEnvironmentVariable('ADMINISTRATOR_NAME')
param administratorKind = readEnvironmentVariable('ADMINISTRATOR_KIND', 'User')
param alertEmail = readEnvironmentVariable('ALERT_EMAIL', '')
