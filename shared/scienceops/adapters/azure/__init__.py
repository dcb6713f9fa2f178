"""An Azure subscription: Blob, Queue and Table storage, ACR, Container Apps, Databricks, SQL."""
