// The stage that others rely on: closed to the internet but for the gateway.
using './main.bicep'

param stage = 'prod'
param privateNetwork = true
param databricks = true
param logDays = 90
param mostInstances = 100
param sqlAdministratorId = readEnvironmentVariable('SQL_ADMINISTRATOR_ID')
param sqlAdministratorName = readEnvironmentVariable('SQL_ADMINISTRATOR_NAME')
param sqlAdministratorKind = readEnvironmentVariable('SQL_ADMINISTRATOR_KIND', 'User')
param alertEmail = readEnvironmentVariable('ALERT_EMAIL', '')
