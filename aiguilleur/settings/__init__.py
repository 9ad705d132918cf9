"""From the files of a configuration folder to one frozen `Settings`, or every problem at once."""
