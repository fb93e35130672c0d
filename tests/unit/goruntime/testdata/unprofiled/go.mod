module example.org/unprofiled

go 1.18
