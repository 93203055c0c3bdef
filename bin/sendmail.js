#!/usr/bin/env node
require("./mail.js")(`${__dirname}/../dist`).program("mail").startSendmail();
