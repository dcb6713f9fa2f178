"""Python imports this before anything else in a process whose AWS calls are recorded."""

import os

from recorded import record_calls

record_calls(os.environ["RECORDED_CALLS"])
