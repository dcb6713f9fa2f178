// A stage to try things in: no network of its own, so that it costs next to nothing at rest.
using './main.bicep'

param stage = 'dev'
param privateNetwork = false
param databricks = false
param sqlAdministratorId = readEnvironmentVariable('SQL_ADMINISTRATOR_ID')
param sqlAdministratorName = readEnvironmentVariable('SQL_ADMINISTRATOR_NAME')
param sqlAdministratorKind = readEnvironmentVariable('SQL_ADMINISTRATOR_KIND', 'User')
param alertEmail = readEnvironmentVariable('ALERT_EMAIL', '')
