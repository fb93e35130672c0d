#!/usr/bin/env python3
"""causes.py ROOT"""
