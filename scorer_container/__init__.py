"""The scorer: the web app that serves one version and records every row it scores."""
