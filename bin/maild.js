#!/usr/bin/env node
require("./mail.js")(`${__dirname}/../dist`).program("maild").start();
