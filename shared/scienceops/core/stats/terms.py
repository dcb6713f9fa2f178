"""Terms: what statistics say in one number, and how many days they look back.

They stand apart from what computes them, for they are read where no numpy is to be loaded.
"""

STABLE = 0.0
DRIFT = 1.0
NOT_ENOUGH_DATA = -1.0
#: There is nothing in it that could be compared, however many rows there are.
NOT_COMPARED = -2.0
#: A verdict in words.
VERDICTS = {
    STABLE: "stable",
    DRIFT: "drift",
    NOT_ENOUGH_DATA: "not enough data",
    NOT_COMPARED: "not compared",
}

#: Least rows of a day, and of training: below, neither test tells a large shift from chance. Of
#: fewer labelled rows, no rule acts on a day's quality either.
LEAST_ROWS = 30

#: Calendar days of the moving average whose rate of change is kept. A day's rate looks back this
#: many days from itself, so this many days after one that changes are computed anew with it.
WINDOW_DAYS = 7
