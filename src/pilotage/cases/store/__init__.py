"""All SQL of cases: functions of a transaction and lists, one file for each part of the way."""
