module example.org/hog

go 1.19
