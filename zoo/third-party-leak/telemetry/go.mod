module example.net/telemetry

go 1.19
