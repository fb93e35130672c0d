module example.org/zoo

go 1.19
