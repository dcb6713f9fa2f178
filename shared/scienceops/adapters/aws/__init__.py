"""An AWS account: S3, SQS, DynamoDB, CodeBuild, Lambda, ECS, EMR Serverless, Secrets Manager."""
