/* Entry point of the bundle. */
import './components/app.js';
