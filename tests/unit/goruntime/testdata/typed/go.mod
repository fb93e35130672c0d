module example.org/typed

go 1.18
