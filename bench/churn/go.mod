module example.org/churn

go 1.18
