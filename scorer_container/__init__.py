"""The scorer: the web app that serves one version and records every row it scores."""

#: File in the unpacked package's folder in which the web process says why it could not start.
BOOT_ERROR = "boot_error"
#: Exit code of a scorer, and of its web process, that has no usable model.
CANNOT_LOAD = 3
