"""Feature names in paths: any text, with slashes at its ends and line breaks, too."""

from werkzeug.routing import PathConverter


class FeatureName(PathConverter):
    """The rest of a path, as it stands."""

    regex = "(?s:.+)"
    part_isolating = False
