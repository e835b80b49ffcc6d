using TestEngine;

return Script.Run(args);
