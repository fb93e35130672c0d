module example.org/spinning

go 1.18
