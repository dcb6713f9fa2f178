CREATE TABLE statistics_days (
	web_service_name VARCHAR(32) NOT NULL, 
	version INTEGER NOT NULL, 
	prediction_date DATE NOT NULL, 
	run INTEGER NOT NULL, 
	published_at DATETIME NOT NULL, 
	PRIMARY KEY (web_service_name, version, prediction_date)
);

CREATE TABLE statistics_rows (
	run INTEGER NOT NULL, 
	web_service_name VARCHAR(32) NOT NULL, 
	version INTEGER NOT NULL, 
	prediction_date DATE NOT NULL, 
	feature_name NVARCHAR(256) COLLATE Latin1_General_100_BIN2 NOT NULL, 
	statistic NVARCHAR(256) COLLATE Latin1_General_100_BIN2 NOT NULL, 
	environment NVARCHAR(64) COLLATE Latin1_General_100_BIN2 NOT NULL, 
	model_id VARCHAR(64) NOT NULL, 
	value FLOAT(53) NULL, 
	n BIGINT NOT NULL, 
	CONSTRAINT statistics_rows_key PRIMARY KEY NONCLUSTERED (run, web_service_name, version, prediction_date, feature_name, statistic)
);

CREATE TABLE statistics_views (
	view_name VARCHAR(64) NOT NULL, 
	text_sha256 VARCHAR(64) NOT NULL, 
	PRIMARY KEY (view_name)
);

CREATE CLUSTERED INDEX statistics_rows_place ON statistics_rows (run, web_service_name, version, prediction_date);

CREATE INDEX statistics_rows_by_feature ON statistics_rows (web_service_name, version, feature_name, prediction_date, run, statistic) INCLUDE (environment, model_id, value, n);

CREATE INDEX statistics_rows_by_statistic ON statistics_rows (web_service_name, version, statistic, prediction_date, run, feature_name) INCLUDE (environment, model_id, value, n);
