CREATE OR ALTER VIEW scienceops_statistics AS SELECT statistics_rows.environment, statistics_rows.web_service_name, statistics_rows.version AS model_version, statistics_rows.model_id, statistics_rows.prediction_date, statistics_rows.feature_name, statistics_rows.statistic, statistics_rows.value, statistics_rows.n, statistics_rows.run
  FROM statistics_rows
  JOIN statistics_days ON statistics_days.run = statistics_rows.run
  AND statistics_days.web_service_name = statistics_rows.web_service_name
  AND statistics_days.version = statistics_rows.version
  AND statistics_days.prediction_date = statistics_rows.prediction_date;

CREATE OR ALTER VIEW scienceops_features AS SELECT statistics_rows.environment, statistics_rows.web_service_name, statistics_rows.version AS model_version, statistics_rows.model_id, statistics_rows.prediction_date, statistics_rows.feature_name, CASE WHEN (statistics_rows.feature_name = N'prediction') THEN 'prediction' WHEN (statistics_rows.feature_name = N'(latency_ms)') THEN 'latency' ELSE 'input' END AS feature_kind, max(CASE WHEN (statistics_rows.statistic = N'count') THEN statistics_rows.value END) AS value_count, max(CASE WHEN (statistics_rows.statistic = N'missing') THEN statistics_rows.value END) AS missing_count, max(CASE WHEN (statistics_rows.statistic = N'mean') THEN statistics_rows.value END) AS mean, max(CASE WHEN (statistics_rows.statistic = N'median') THEN statistics_rows.value END) AS median, max(CASE WHEN (statistics_rows.statistic = N'std') THEN statistics_rows.value END) AS standard_deviation, max(CASE WHEN (statistics_rows.statistic = N'min') THEN statistics_rows.value END) AS minimum, max(CASE WHEN (statistics_rows.statistic = N'max') THEN statistics_rows.value END) AS maximum, max(CASE WHEN (statistics_rows.statistic = N'distinct') THEN statistics_rows.value END) AS distinct_count, max(CASE WHEN (statistics_rows.statistic = N'coefficient_of_variation') THEN statistics_rows.value END) AS coefficient_of_variation, max(CASE WHEN (statistics_rows.statistic = N'rate_of_change') THEN statistics_rows.value END) AS rate_of_change, max(CASE WHEN (statistics_rows.statistic = N'psi') THEN statistics_rows.value END) AS population_stability, max(CASE WHEN (statistics_rows.statistic = N'effect') THEN statistics_rows.value END) AS effect, max(CASE WHEN (statistics_rows.statistic = N'p_value') THEN statistics_rows.value END) AS p_value, max(CASE WHEN (statistics_rows.statistic = N'q_value') THEN statistics_rows.value END) AS q_value, max(CASE WHEN (statistics_rows.statistic = N'verdict') THEN statistics_rows.value END) AS verdict, CASE WHEN (max(CASE WHEN (statistics_rows.statistic = N'verdict') THEN statistics_rows.value END) = 1) THEN 'drift' WHEN (max(CASE WHEN (statistics_rows.statistic = N'verdict') THEN statistics_rows.value END) = 0) THEN 'stable' WHEN (max(CASE WHEN (statistics_rows.statistic = N'verdict') THEN statistics_rows.value END) = -1) THEN 'not enough data' ELSE 'not compared' END AS verdict_text
  FROM statistics_rows
  JOIN statistics_days ON statistics_days.run = statistics_rows.run
  AND statistics_days.web_service_name = statistics_rows.web_service_name
  AND statistics_days.version = statistics_rows.version
  AND statistics_days.prediction_date = statistics_rows.prediction_date
  WHERE statistics_rows.feature_name != N'(quality)'
  GROUP BY statistics_rows.environment, statistics_rows.web_service_name, statistics_rows.version, statistics_rows.model_id, statistics_rows.prediction_date, statistics_rows.feature_name;

CREATE OR ALTER VIEW scienceops_classes AS SELECT one.environment, one.web_service_name, one.model_version, one.model_id, one.prediction_date, one.class_label, max(one.class_rows) AS class_rows, max(one.class_share) AS class_share
  FROM (SELECT statistics_rows.environment AS environment, statistics_rows.web_service_name AS web_service_name, statistics_rows.version AS model_version, statistics_rows.model_id AS model_id, statistics_rows.prediction_date AS prediction_date, substring(statistics_rows.statistic, CASE WHEN (substring(statistics_rows.statistic, 1, 12) = N'count_ratio:') THEN 13 ELSE 16 END, 256) AS class_label, CASE WHEN (substring(statistics_rows.statistic, 1, 15) = N'category_count:') THEN statistics_rows.value END AS class_rows, CASE WHEN (substring(statistics_rows.statistic, 1, 12) = N'count_ratio:') THEN statistics_rows.value END AS class_share
  FROM statistics_rows
  JOIN statistics_days ON statistics_days.run = statistics_rows.run
  AND statistics_days.web_service_name = statistics_rows.web_service_name
  AND statistics_days.version = statistics_rows.version
  AND statistics_days.prediction_date = statistics_rows.prediction_date
  WHERE statistics_rows.feature_name = N'prediction'
  AND (substring(statistics_rows.statistic, 1, 12) = N'count_ratio:' OR substring(statistics_rows.statistic, 1, 15) = N'category_count:')) AS one
  GROUP BY one.environment, one.web_service_name, one.model_version, one.model_id, one.prediction_date, one.class_label;

CREATE OR ALTER VIEW scienceops_quality AS SELECT statistics_rows.environment, statistics_rows.web_service_name, statistics_rows.version AS model_version, statistics_rows.model_id, statistics_rows.prediction_date, max(CASE WHEN (statistics_rows.statistic = N'labelled') THEN statistics_rows.value END) AS labelled_count, max(CASE WHEN (statistics_rows.statistic = N'accuracy') THEN statistics_rows.value END) AS accuracy, max(CASE WHEN (statistics_rows.statistic = N'f1') THEN statistics_rows.value END) AS f1, max(CASE WHEN (statistics_rows.statistic = N'log_loss') THEN statistics_rows.value END) AS log_loss, max(CASE WHEN (statistics_rows.statistic = N'r2') THEN statistics_rows.value END) AS r2, max(CASE WHEN (statistics_rows.statistic = N'mae') THEN statistics_rows.value END) AS mae, max(CASE WHEN (statistics_rows.statistic = N'rmse') THEN statistics_rows.value END) AS rmse
  FROM statistics_rows
  JOIN statistics_days ON statistics_days.run = statistics_rows.run
  AND statistics_days.web_service_name = statistics_rows.web_service_name
  AND statistics_days.version = statistics_rows.version
  AND statistics_days.prediction_date = statistics_rows.prediction_date
  WHERE statistics_rows.feature_name = N'(quality)'
  GROUP BY statistics_rows.environment, statistics_rows.web_service_name, statistics_rows.version, statistics_rows.model_id, statistics_rows.prediction_date;

CREATE OR ALTER VIEW scienceops_models AS SELECT statistics_rows.environment, statistics_rows.web_service_name, statistics_rows.version AS model_version, statistics_rows.model_id, min(statistics_rows.prediction_date) AS first_date, max(statistics_rows.prediction_date) AS last_date
  FROM statistics_rows
  JOIN statistics_days ON statistics_days.run = statistics_rows.run
  AND statistics_days.web_service_name = statistics_rows.web_service_name
  AND statistics_days.version = statistics_rows.version
  AND statistics_days.prediction_date = statistics_rows.prediction_date
  GROUP BY statistics_rows.environment, statistics_rows.web_service_name, statistics_rows.version, statistics_rows.model_id;

CREATE OR ALTER VIEW scienceops_dates AS SELECT DISTINCT statistics_days.prediction_date
  FROM statistics_days;
