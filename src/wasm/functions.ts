// Every file that adds functions to the compiler's table.
import './arith.js';
import './cast.js';
import './logic.js';
import './maps.js';
import './strings.js';
import './time.js';
import './timetext.js';
