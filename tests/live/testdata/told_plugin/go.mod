module example.org/told_plugin

go 1.18
