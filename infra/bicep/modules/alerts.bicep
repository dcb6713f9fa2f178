// What wakes a person: questions to the logs, each with the number of answers that is too many.

param name string
param location string
param tags object
param workspaceId string
param actionGroupId string

@description('Slowest answer of the gateway, in milliseconds, that 99 of 100 calls should stay under.')
param slowMilliseconds int = 2000

@description('Messages that may wait in one queue.')
param mostWaiting int = 500

var rules = [
  {
    name: 'errors'
    severity: 2
    every: 'PT5M'
    over: 'PT15M'
    most: 0
    tells: 'The functions failed, or answered 500.'
    asks: loadTextContent('../queries/errors.kql')
  }
  {
    name: 'queue-length'
    severity: 2
    every: 'PT15M'
    over: 'PT6H'
    most: mostWaiting
    tells: 'More messages came into a queue than were done: work is not keeping up.'
    asks: loadTextContent('../queries/queue-length.kql')
  }
  {
    name: 'queue-age'
    severity: 1
    every: 'PT15M'
    over: 'PT1H'
    most: 0
    tells: 'Messages came into a queue a quarter of an hour ago, and none was done since: nobody works on it.'
    asks: loadTextContent('../queries/queue-age.kql')
  }
  {
    name: 'poison'
    severity: 1
    every: 'PT5M'
    over: 'PT15M'
    most: 0
    tells: 'A message was set aside after five tries. docs/azure.md says how to look at it.'
    asks: loadTextContent('../queries/poison.kql')
  }
  {
    name: 'failed-builds'
    severity: 3
    every: 'PT15M'
    over: 'PT15M'
    most: 0
    tells: 'A version failed to build, start or prove itself. The live version goes on answering.'
    asks: loadTextContent('../queries/failed-builds.kql')
  }
  {
    name: 'failed-statistics'
    severity: 2
    every: 'PT15M'
    over: 'PT15M'
    most: 0
    tells: 'A statistics run failed. It is tried again by itself.'
    asks: loadTextContent('../queries/failed-statistics.kql')
  }
  {
    name: 'p99'
    severity: 2
    every: 'PT5M'
    over: 'PT15M'
    most: slowMilliseconds
    tells: 'One call in a hundred was answered too slowly.'
    asks: loadTextContent('../queries/p99.kql')
  }
  {
    name: 'undelivered'
    severity: 1
    every: 'PT15M'
    over: 'PT15M'
    most: 0
    tells: 'Event Grid could not tell of a blob. It tries for a day, then keeps the event under undelivered/.'
    asks: loadTextContent('../queries/undelivered.kql')
  }
]

// Each question answers with rows that have a Value; the largest of them is looked at.
resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
  name: '${name}-${rule.name}'
  location: location
  tags: tags
  properties: {
    displayName: '${name}: ${rule.name}'
    description: rule.tells
    enabled: true
    severity: rule.severity
    scopes: [workspaceId]
    evaluationFrequency: rule.every
    windowSize: rule.over
    autoMitigate: true
    // A table that nothing was written to yet does not exist.
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: rule.asks
          metricMeasureColumn: 'Value'
          timeAggregation: 'Maximum'
          operator: 'GreaterThan'
          threshold: rule.most
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: { actionGroups: [actionGroupId] }
  }
}]
