"""Meanings: each statistic in a sentence, for those who look at its chart.

They stand apart from what computes them, for they are read where no numpy is to be loaded.
"""

#: statistic -> what its number says. Each of the catalogue, and of a day's quality, is here.
MEANINGS = {
    "count": "rows with a value",
    "missing": "rows without a value",
    "mean": "the average of the values",
    "median": "half of the values are below it",
    "mode": "the value that comes most often",
    "std": "how far values typically are from the mean (standard deviation)",
    "min": "the smallest value",
    "max": "the largest value",
    "p1": "1 % of the values are below it",
    "p5": "5 % of the values are below it",
    "p25": "a quarter of the values is below it",
    "p75": "three quarters of the values are below it",
    "p95": "95 % of the values are below it",
    "p99": "99 % of the values are below it",
    "distinct": "how many different values there are, estimated where they are many",
    "histogram": "rows in each of training's ten ranges of values, below, and above them",
    "category_count": "rows of each category, of the most frequent ones",
    "count_ratio": "the share of answers that each class has",
    "unseen_categories": "rows with a category that training did not have",
    "out_of_range": "rows below the smallest or above the largest value of training",
    "coefficient_of_variation": "the standard deviation as a multiple of the mean",
    "rate_of_change": "how the average of 7 days changed from one day to the next; 0.1 is 10 % up",
    "psi": "population stability index beside training: 0 the same, above 0.25 far apart; "
    "it is shown, and takes no part in the verdict",
    "jensen_shannon": "distance of the distributions: 0 the same, 1 nothing in common",
    "ks": "largest gap between the share of values below any point, in training and on the day "
    "(Kolmogorov-Smirnov): 0 the same, 1 nothing in common",
    "ks_p": "how often chance alone would give so large a gap (Kolmogorov-Smirnov test)",
    "wasserstein": "how far a value moved on average, in the unit of the feature",
    "mann_whitney_p": "how often chance alone would move values up, or down, as they did "
    "(Mann-Whitney test)",
    "chi_square": "how far the categories' rows are from those that training lets expect",
    "chi_square_p": "how often chance alone would take them so far (chi-square test)",
    "rare_labels_p": "how often chance alone would bring so many rows of categories that training "
    "seldom or never had (Fisher's exact test)",
    "missing_p": "how often chance alone would change the share of missing values so much",
    "effect": "how far the day is from training: 0 the same, 1 nothing in common; "
    "drift asks for 0.05",
    "p_value": "how often chance alone would give so large a difference, by all its tests together",
    "q_value": "p_value corrected for the number of features of the day; "
    "drift asks for less than 0.01",
    "verdict": "drift where effect is at least 0.05 and q below 0.01",
    "labelled": "rows whose true answer is known",
    "unanswered": "labelled rows to which the model gave no number",
    "accuracy": "the share of labelled rows that were answered right",
    "f1": "precision and recall in one number, averaged over the classes: 1 is all right",
    "log_loss": "how sure the model was of what was wrong: 0 is all right and sure",
    "mae": "how far answers are from the truth on average (mean absolute error)",
    "rmse": "as mae, but far ones weigh more (root of the mean squared error)",
    "r2": "the share of the labels' spread that the model explains: 1 all, 0 none",
    "unmatched_labels": "labels that joined no row of the day",
    "confusion": "rows of each true class by the class that was answered",
}
_ENDS = {
    "_low": "the lower end of its 95 % interval",
    "_high": "the upper end of its 95 % interval",
}


def meaning(statistic: str) -> str:
    """What a statistic of a feature, such as `count_ratio:setosa`, says; empty of an unknown one.

    >>> meaning("mae_low"), meaning("count_ratio:setosa")
    ('mae: the lower end of its 95 % interval', 'the share of answers that each class has')
    """
    name = statistic.partition(":")[0]
    for end, told in _ENDS.items():
        if name.endswith(end) and name.removesuffix(end) in MEANINGS:
            return f"{name.removesuffix(end)}: {told}"
    return MEANINGS.get(name, "")
