"""Where the pages docs/runbooks/<Alert>.md are read."""

RUNBOOKS = "https://github.com/oversight/monitoring/blob/main/docs/runbooks"
