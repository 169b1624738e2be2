// Photos through a trained model of any task: what it says of each, and the pictures that it makes of it.
//
//     npx jiti examples/predictor.ts runs/quickstart holiday.jpg        a classifier's run: the likeliest classes
//     npx jiti examples/predictor.ts runs/quickstart-segmentation *.jpg a segmentation run: holiday.labels.png too

import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { loadPredictor, UserError } from 'mpvg';

const [run, ...photos] = process.argv.slice(2);
if (run === undefined || photos.length === 0) throw new Error('usage: npx jiti examples/predictor.ts RUN PHOTO…');

const predictor = await loadPredictor(run);
for (const photo of photos) {
  try {
    // A path would do as well: here the bytes come from anywhere, such as an upload.
    const { result, headline, pictures } = await predictor.predict(await readFile(photo));
    console.log(`${photo}: ${headline}`);
    console.log(JSON.stringify(result, undefined, 2));
    for (const [ending, picture] of pictures) {
      const file = path.basename(photo, path.extname(photo)) + ending;
      await writeFile(file, await picture());
      console.log(`wrote ${file}`);
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error; // a file that is no photo: the next one may be
    console.error(`${photo}: ${error.message}`);
  }
}
predictor.dispose();
