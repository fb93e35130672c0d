module example.org/sampled

go 1.18
