module example.org/told

go 1.18
