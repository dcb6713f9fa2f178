"""Checks of Bicep files, for machines without Microsoft's compiler."""
