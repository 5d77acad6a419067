-- lnav names its own table's columns after the fields, but not where these are words of SQL: from, to.
CREATE VIEW IF NOT EXISTS fedgate_audit AS
SELECT log_line, log_time, log_level,
       jget(log_raw_text, '/event') AS "event",
       jget(log_raw_text, '/reason') AS "reason",
       jget(log_raw_text, '/session') AS "session",
       jget(log_raw_text, '/side') AS "side",
       jget(log_raw_text, '/direction') AS "direction",
       jget(log_raw_text, '/partner') AS "partner",
       jget(log_raw_text, '/peer') AS "peer",
       jget(log_raw_text, '/certificate-names') AS "certificate-names",
       jget(log_raw_text, '/issuer') AS "issuer",
       jget(log_raw_text, '/anchor') AS "anchor",
       jget(log_raw_text, '/tls') AS "tls",
       jget(log_raw_text, '/method') AS "method",
       jget(log_raw_text, '/from') AS "from",
       jget(log_raw_text, '/to') AS "to",
       jget(log_raw_text, '/call-id') AS "call-id",
       jget(log_raw_text, '/status') AS "status",
       jget(log_raw_text, '/duration-ms') AS "duration-ms",
       jget(log_raw_text, '/policy') AS "policy",
       jget(log_raw_text, '/what') AS "what",
       jget(log_raw_text, '/subject') AS "subject",
       jget(log_raw_text, '/ends') AS "ends",
       jget(log_raw_text, '/days-left') AS "days-left",
       jget(log_raw_text, '/detail') AS "detail"
  FROM all_logs
 WHERE log_format = 'fedgate_audit';
