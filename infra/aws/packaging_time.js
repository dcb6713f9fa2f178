'use strict';
// A plugin of osls. Where a package goes in the bucket is named by the time of its packaging. Told that
// time by SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/, in seconds),
// the same sources give the same bytes, template included. Not told, osls takes its clock's.

module.exports = class PackagingTime {
  constructor(serverless) {
    const place = () => {
      const told = process.env.SOURCE_DATE_EPOCH;
      if (told === undefined) return;
      const moment = new Date(Number(told) * 1000);
      if (!/^\d+$/.test(told) || Number.isNaN(moment.getTime())) {
        const wanted = 'seconds since 1970, as `git log -1 --format=%ct` prints them';
        throw new serverless.classes.Error(`SOURCE_DATE_EPOCH is "${told}"; wanted ${wanted}, or unset it`);
      }
      const { service } = serverless;
      const provider = serverless.getProvider('aws');
      const time = `${moment.getTime()}-${moment.toISOString()}`;
      service.package.artifactDirectoryName =
        `${provider.getDeploymentPrefix()}/${service.service}/${provider.getStage()}/${time}`;
    };
    this.hooks = { 'package:initialize': place };
  }
};
