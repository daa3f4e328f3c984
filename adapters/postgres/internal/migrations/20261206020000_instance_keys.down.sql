DROP TABLE bailiwick.instance_keys;
