"""Trusted types: what a skops file may hold besides what skops trusts by itself.

Each name was reviewed: it is data, an estimator's own helper, or a function of its arguments
alone; none opens files, imports, evaluates or starts anything. Four groups carry what compiled
code follows blindly (trees, histogram trees, neighbour trees, splines); `native_structures`
checks those after loading. A type that is missing here is refused, never asked about.
"""

from collections.abc import Iterable

_LOSSES = "sklearn._loss.loss."
_KERNELS = "sklearn.gaussian_process.kernels."
_DISTANCES = "sklearn.metrics._dist_metrics."
_SPLITS = "sklearn.model_selection._split."
_SCORERS = "sklearn.metrics._scorer."
_SCORES = "sklearn.feature_selection._univariate_selection."


def _named(prefix: str, names: str) -> frozenset[str]:
    return frozenset(prefix + name for name in names.split())


TRUSTED_TYPES: frozenset[str] = frozenset().union(
    # Trees and forests, gradient boosting, histogram gradient boosting.
    _named("sklearn.tree._tree.", "Tree"),
    _named("sklearn.ensemble._hist_gradient_boosting.predictor.", "TreePredictor"),
    _named("sklearn.ensemble._hist_gradient_boosting.binning.", "_BinMapper"),
    _named(
        _LOSSES,
        "AbsoluteError ExponentialLoss HalfBinomialLoss HalfGammaLoss HalfMultinomialLoss "
        "HalfPoissonLoss HalfSquaredError HalfTweedieLoss HalfTweedieLossIdentity HuberLoss "
        "PinballLoss",
    ),
    _named(
        "sklearn._loss.link.",
        "HalfLogitLink IdentityLink Interval LogLink LogitLink MultinomialLogit",
    ),
    # Neighbours: the index trees and the distances they measure with.
    _named("sklearn.neighbors._kd_tree.", "KDTree"),
    _named("sklearn.neighbors._ball_tree.", "BallTree"),
    _named(
        _DISTANCES,
        "BrayCurtisDistance64 CanberraDistance64 ChebyshevDistance64 DiceDistance64 "
        "EuclideanDistance64 HammingDistance64 HaversineDistance64 JaccardDistance64 "
        "ManhattanDistance64 MinkowskiDistance64 RogersTanimotoDistance64 "
        "RussellRaoDistance64 SEuclideanDistance64 SokalSneathDistance64",
    ),
    # Calibration.
    _named("sklearn.calibration.", "_CalibratedClassifier _SigmoidCalibration"),
    # Gaussian processes.
    _named("sklearn.gaussian_process._gpc.", "_BinaryGaussianProcessClassifierLaplace"),
    _named(
        _KERNELS,
        "CompoundKernel ConstantKernel DotProduct ExpSineSquared Exponentiation Hyperparameter "
        "Matern PairwiseKernel Product RBF RationalQuadratic Sum WhiteKernel",
    ),
    # Neural networks.
    _named("sklearn.neural_network._stochastic_optimizers.", "AdamOptimizer SGDOptimizer"),
    # Clusters used as features.
    _named("sklearn.cluster._bisect_k_means.", "_BisectingTree"),
    _named("sklearn.cluster._kmeans.", "_kmeans_single_elkan _kmeans_single_lloyd"),
    _named("numpy.", "clip dtype max mean median min"),
    # Searches over parameters keep their splitter and scorer.
    _named(
        _SPLITS,
        "GroupKFold GroupShuffleSplit KFold LeaveOneGroupOut LeaveOneOut PredefinedSplit "
        "RepeatedKFold RepeatedStratifiedKFold ShuffleSplit StratifiedGroupKFold "
        "StratifiedKFold StratifiedShuffleSplit TimeSeriesSplit",
    ),
    _named(_SCORERS, "_CurveScorer _MultimetricScorer _PassthroughScorer _Scorer"),
    # What an estimator wants of its caller besides rows and labels.
    _named("sklearn.utils._metadata_requests.", "MetadataRequest MethodMetadataRequest"),
    _named(
        "sklearn.metrics._classification.",
        "accuracy_score balanced_accuracy_score f1_score log_loss matthews_corrcoef "
        "precision_score recall_score",
    ),
    _named("sklearn.metrics._ranking.", "average_precision_score roc_auc_score"),
    _named(
        "sklearn.metrics._regression.",
        "max_error mean_absolute_error mean_absolute_percentage_error mean_squared_error "
        "median_absolute_error r2_score root_mean_squared_error",
    ),
    # Feature selection.
    _named(_SCORES, "chi2 f_classif f_oneway f_regression r_regression"),
    _named("sklearn.feature_selection._mutual_info.", "mutual_info_classif mutual_info_regression"),
    # Splines: coefficients and knots, and the function that makes an array of them.
    _named("scipy.interpolate._bsplines.", "BSpline"),
    _named("scipy._lib.array_api_compat.numpy._aliases.", "asarray"),
    # Containers with attribute access.
    _named("sklearn.utils._bunch.", "Bunch"),
)


def untrusted(types: Iterable[str]) -> list[str]:
    """Those of the types that may not be loaded, sorted.

    >>> untrusted(["sklearn.tree._tree.Tree", "builtins.eval"])
    ['builtins.eval']
    """
    return sorted(set(types) - TRUSTED_TYPES)
