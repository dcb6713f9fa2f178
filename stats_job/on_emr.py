"""EMR entry: runs the module that its first argument names, with the other arguments."""

import runpy
import sys

if __name__ == "__main__":
    module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
