"""The demonstration consortium (演示数据): everybody and everything in it is invented."""
