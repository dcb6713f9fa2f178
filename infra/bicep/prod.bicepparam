// The stage that others rely on: closed to the internet but for the gateway.
using './main.bicep'

param stage = 'prod'
param privateNetwork = true
param databricks = true
param databaseSize = 'S1'
param logDays = 90
param mostInstances = 100
param administratorId = readEnvironmentVariable('ADMINISTRATOR_ID')
param administratorName = readEnvironmentVariable('ADMINISTRATOR_NAME')
param administratorKind = readEnvironmentVariable('ADMINISTRATOR_KIND', 'User')
param alertEmail = readEnvironmentVariable('ALERT_EMAIL', '')
