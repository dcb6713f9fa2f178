DELETE
  FROM statistics_rows
  WHERE statistics_rows.run = ?
  AND statistics_rows.web_service_name = ?
  AND statistics_rows.version = ?
  AND statistics_rows.prediction_date = ?;

INSERT INTO statistics_rows (run, web_service_name, version, prediction_date, feature_name, statistic, environment, model_id, value, n)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

UPDATE statistics_days
  SET run=?, published_at=?
  WHERE statistics_days.web_service_name = ?
  AND statistics_days.version = ?
  AND statistics_days.prediction_date = ?
  AND statistics_days.run <= ?;

SELECT statistics_rows.environment, statistics_rows.version, statistics_rows.prediction_date, statistics_rows.feature_name, statistics_rows.statistic, statistics_rows.value, statistics_rows.n
  FROM statistics_rows
  JOIN statistics_days ON statistics_days.run = statistics_rows.run
  AND statistics_days.web_service_name = statistics_rows.web_service_name
  AND statistics_days.version = statistics_rows.version
  AND statistics_days.prediction_date = statistics_rows.prediction_date
  WHERE statistics_rows.web_service_name = ?
  AND statistics_rows.version IN (?)
  AND statistics_rows.feature_name IN (?, ?)
  AND statistics_rows.statistic IN (?)
  AND statistics_rows.prediction_date >= ?
  AND statistics_rows.prediction_date <= ?
  ORDER BY statistics_rows.version, statistics_rows.prediction_date, statistics_rows.feature_name, statistics_rows.statistic;

SELECT statistics_days.web_service_name, statistics_days.version, statistics_days.prediction_date, statistics_days.run, statistics_days.published_at
  FROM statistics_days
  WHERE statistics_days.web_service_name = ?
  ORDER BY statistics_days.version, statistics_days.prediction_date;

DELETE
  FROM statistics_rows
  WHERE statistics_rows.run < ?
  AND NOT (EXISTS (SELECT statistics_days.run
  FROM statistics_days
  WHERE statistics_days.run = statistics_rows.run
  AND statistics_days.web_service_name = statistics_rows.web_service_name
  AND statistics_days.version = statistics_rows.version
  AND statistics_days.prediction_date = statistics_rows.prediction_date));
